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
 * The process's manager, with what an app's surroundings tell it. Made with the first module, and never ended: models and
 * conversations outlive JavaScript.
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
    lifecycle.hearOfHeat(application.getSystemService(Context.POWER_SERVICE) as PowerManager)
  }

  // Saved conversations are of this device's model files, and large: no backup takes them.
  private fun keepScopes(application: Application) {
    try {
      manager.keepIn(application.noBackupFilesDir.resolve("llama").path)
    } catch (refused: PortException) {
      // They live on in memory; a command that needs the directory is refused with the reason.
      Logger.getLogger("llama").log(Level.WARNING, "conversations are not saved", refused)
    }
  }

  companion object {
    private var shared: AppManager? = null

    /** The only one, whichever module asks. */
    @Synchronized fun of(application: Application): AppManager = shared ?: AppManager(application).also { shared = it }
  }
}
