package com.llamars

import android.app.ActivityManager
import android.app.Application
import android.app.NotificationManager
import android.content.ComponentName
import android.content.ContentInterface
import android.content.ContentResolver
import android.content.Context
import android.content.IContentProvider
import android.content.Intent
import android.content.pm.ApplicationInfo
import android.content.pm.PackageManager
import android.content.res.Resources
import android.os.Build
import android.os.Bundle
import android.os.Handler
import android.os.PowerManager
import java.io.File
import java.nio.file.Files

/** An app on a desktop: Android's own class, with the services that Android's system gives an app. */
internal class TestApplication : Application() {
  private val directory = Files.createTempDirectory("llama-app").toFile().also { it.deleteOnExit() }
  private val resolver by lazy { Resolver(this) }
  private val activities by lazy {
    ActivityManager::class
      .java
      .getDeclaredConstructor(Context::class.java, Handler::class.java)
      .apply { isAccessible = true }
      .newInstance(this, null)
  }
  private val power by lazy { PowerManager(this, null, SystemServer.thermal, null) }
  private val notifications by lazy { SystemServer.notificationManager(this) }
  private val info by lazy {
    ApplicationInfo().also {
      it.icon = ICON
      it.targetSdkVersion = Build.VERSION.SDK_INT
    }
  }

  private val packages by lazy { SystemServer.packageManager { ApplicationInfo().also { it.metaData = metaData } } }

  /** The manifest's `meta-data`. */
  var metaData: Bundle? = null

  /** Called when the app starts a foreground service. */
  var onStartService: (Intent) -> Unit = {}

  override fun getApplicationContext(): Context = this

  override fun getApplicationInfo(): ApplicationInfo = info

  override fun getResources(): Resources = SystemServer.resources

  override fun getPackageName(): String = "com.llamars.test"

  override fun getOpPackageName(): String = packageName

  override fun getNoBackupFilesDir(): File = directory

  override fun getContentResolver(): ContentResolver = resolver

  override fun getPackageManager(): PackageManager = packages

  override fun startForegroundService(service: Intent): ComponentName? {
    onStartService(service)
    return service.component
  }

  override fun getSystemService(name: String): Any =
    when (name) {
      ACTIVITY_SERVICE -> activities
      POWER_SERVICE -> power
      NOTIFICATION_SERVICE -> notifications
      else -> error("the tests do not play $name")
    }

  companion object {
    const val ICON = 42
  }
}

/** Android's own resolver, for the files of one provider. */
private class Resolver(context: Context) : ContentResolver(context, Models() as ContentInterface) {
  override fun acquireProvider(context: Context?, name: String?): IContentProvider? = null

  override fun releaseProvider(provider: IContentProvider?) = true

  override fun acquireUnstableProvider(context: Context?, name: String?): IContentProvider? = null

  override fun releaseUnstableProvider(provider: IContentProvider?) = true

  override fun unstableProviderDied(provider: IContentProvider?) = Unit
}
