package com.llamars

import android.app.Application
import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.app.Service
import android.content.Context
import android.content.Intent
import android.content.pm.PackageManager
import android.os.Build
import android.os.IBinder
import kotlin.concurrent.thread

/**
 * Keeps the app running in the background until its generations are finished, for at most three minutes. Runs only in
 * an app that opts in (docs/android.md), on Android 8 and newer.
 */
class GenerationService : Service() {
  override fun onBind(intent: Intent): IBinder? = null

  override fun onStartCommand(intent: Intent, flags: Int, startId: Int): Int {
    // Required even if no generation is left: a foreground service that shows no notification crashes the app.
    startForeground(NOTIFICATION, notification(optIn(this)))
    val answer = AppManager.of(application).lifecycle.background
    thread(name = "llama-background") {
      answer?.use { it.event() }
      stopSelf(startId)
    }
    return START_NOT_STICKY
  }

  /** Suspends at the end of the three minutes. The system allows a few more seconds for that. */
  override fun onTimeout(startId: Int) {
    AppManager.of(application).lifecycle.suspendNow()
    stopSelf(startId)
  }

  private fun notification(text: String?): Notification {
    val manager = getSystemService(NOTIFICATION_SERVICE) as NotificationManager
    manager.createNotificationChannel(NotificationChannel(CHANNEL, text, NotificationManager.IMPORTANCE_LOW))
    return Notification.Builder(this, CHANNEL).setSmallIcon(applicationInfo.icon).setContentTitle(text).build()
  }

  internal companion object {
    /** The name of the `meta-data` that opts in. Its value is the text of the notification. */
    const val OPT_IN = "com.llamars.FINISH_IN_BACKGROUND"
    private const val CHANNEL = "com.llamars.generations"
    private const val NOTIFICATION = 0x6c6c

    /**
     * Starts the service and returns whether it started. Call it as the app leaves the foreground: later the system
     * refuses.
     */
    fun start(application: Application): Boolean {
      if (Build.VERSION.SDK_INT < Build.VERSION_CODES.O || optIn(application) == null) return false
      return try {
        application.startForegroundService(Intent(application, GenerationService::class.java))
        true
      } catch (_: IllegalStateException) {
        false
      }
    }

    private fun optIn(context: Context): String? =
      context.packageManager
        .getApplicationInfo(context.packageName, PackageManager.GET_META_DATA)
        .metaData
        ?.getString(OPT_IN)
  }
}
