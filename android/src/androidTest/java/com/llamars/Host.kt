package com.llamars

import android.app.Application
import android.os.Debug
import android.os.ParcelFileDescriptor
import androidx.test.platform.app.InstrumentationRegistry
import com.facebook.react.bridge.BridgeReactContext
import com.facebook.react.bridge.ReactApplicationContext
import java.io.File

/** What the shared tests need of the machine that they run on: here a device or an emulator, with its real system. */
internal object Host {
  private val instrumentation = InstrumentationRegistry.getInstrumentation()

  val application = instrumentation.targetContext.applicationContext as Application

  /** Path of the tiny chat model, unpacked from the tests' own package. */
  val tinyModel: String = unpacked("tiny-chat-q8_0.gguf").path

  /** A file of `fixtures/contract`. */
  fun contract(name: String): String =
    instrumentation.context.assets.open("contract/$name").use { it.readBytes().decodeToString() }

  @Suppress("DEPRECATION") // React Native's other contexts want a whole host.
  fun context(): ReactApplicationContext = BridgeReactContext(application)

  /** A module on React Native's own base classes, whose batches go to `heard`: there is no JavaScript to emit to. */
  fun module(heard: (String) -> Unit): LlamaModule {
    val module =
      object : LlamaModule(context()) {
        override fun emit(batch: String) = heard(batch)
      }
    module.initialize()
    return module
  }

  /** Bytes that are allocated by native code. */
  fun nativeBytes(): Long = Debug.getNativeHeapAllocatedSize()

  /** An open file, for reading. */
  fun descriptor(path: String): ParcelFileDescriptor =
    ParcelFileDescriptor.open(File(path), ParcelFileDescriptor.MODE_READ_ONLY)

  private fun unpacked(asset: String): File {
    val file = File(application.cacheDir, asset)
    instrumentation.context.assets.open(asset).use { from -> file.outputStream().use { to -> from.copyTo(to) } }
    return file
  }
}
