package com.llamars

import android.app.Application
import android.os.Debug
import android.os.ParcelFileDescriptor
import androidx.test.platform.app.InstrumentationRegistry
import com.facebook.react.bridge.BridgeReactContext
import com.facebook.react.bridge.ReactApplicationContext
import java.io.File

/** Gives the shared tests the machine that they run on: here a device or an emulator, with its real system. */
internal object Host {
  private val instrumentation = InstrumentationRegistry.getInstrumentation()

  val application = instrumentation.targetContext.applicationContext as Application

  /** The path of the tiny chat model, unpacked from the tests' own package. */
  val tinyModel: String = unpacked("tiny-chat-q8_0.gguf").path

  /** Reads a file of `fixtures/contract`. */
  fun contract(name: String): String =
    instrumentation.context.assets.open("contract/$name").use { it.readBytes().decodeToString() }

  @Suppress("DEPRECATION") // React Native's other contexts need a whole host.
  fun context(): ReactApplicationContext = BridgeReactContext(application)

  /** Makes a module on React Native's own base classes. Its batches go to `heard`, because there is no JavaScript. */
  fun module(heard: (String) -> Unit): LlamaModule {
    val module =
      object : LlamaModule(context()) {
        override fun emit(batch: String) = heard(batch)
      }
    module.initialize()
    return module
  }

  /** Returns the bytes that native code has allocated. */
  fun nativeBytes(): Long = Debug.getNativeHeapAllocatedSize()

  /** Opens a file for reading. */
  fun descriptor(path: String): ParcelFileDescriptor =
    ParcelFileDescriptor.open(File(path), ParcelFileDescriptor.MODE_READ_ONLY)

  private fun unpacked(asset: String): File {
    val file = File(application.cacheDir, asset)
    instrumentation.context.assets.open(asset).use { from -> file.outputStream().use { to -> from.copyTo(to) } }
    return file
  }
}
