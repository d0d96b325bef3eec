package com.llamars

import android.app.ActivityManager
import android.app.Application
import android.content.Context
import android.os.PowerManager
import com.llamars.port.ModelManager
import com.llamars.port.PortException
import java.util.logging.Level
import java.util.logging.Logger

/**
 * The process's model manager, connected to Android: files, storage, memory pressure, app lifecycle and heat. The first
 * module makes it, and nothing ends it: models and conversations outlive JavaScript.
 */
internal class AppManager(application: Application) {
  val manager: ModelManager
  val lifecycle: Lifecycle

  init {
    NativeLibrary.openUrisWith(application.contentResolver)
    manager = ModelManager.global()
    keepScopes(application)
    val memory = MemoryPressure(manager, application.getSystemService(Context.ACTIVITY_SERVICE) as ActivityManager)
    application.registerComponentCallbacks(memory)
    lifecycle = Lifecycle(manager, application)
    application.registerActivityLifecycleCallbacks(lifecycle)
    lifecycle.listenToHeat(application.getSystemService(Context.POWER_SERVICE) as PowerManager)
  }

  // Backups exclude saved conversations, because they are large and depend on the model files of this device.
  private fun keepScopes(application: Application) {
    try {
      manager.keepIn(application.noBackupFilesDir.resolve("llama").path)
    } catch (refused: PortException) {
      // Conversations stay in memory. A command that needs the directory is refused with the reason.
      Logger.getLogger("llama").log(Level.WARNING, "conversations are not saved", refused)
    }
  }

  companion object {
    private var shared: AppManager? = null

    /** Returns the one manager of the process. */
    @Synchronized fun of(application: Application): AppManager = shared ?: AppManager(application).also { shared = it }
  }
}
