package com.llamars

import android.app.Activity
import android.app.Application
import android.os.ParcelFileDescriptor
import com.facebook.react.bridge.BaseJavaModule
import com.facebook.react.bridge.BridgeReactContext
import com.facebook.react.bridge.CxxCallbackImpl
import com.facebook.react.bridge.ReactApplicationContext
import com.sun.jna.Library
import com.sun.jna.Native
import com.sun.jna.Structure
import java.nio.file.Path
import org.objenesis.ObjenesisHelper

/** Gives the shared tests the machine that they run on: here a desktop, where the tests play the system. */
internal object Host {
  init {
    Framework.load()
  }

  private val checkout: Path = Path.of(System.getProperty("llama.checkout")).toRealPath()
  val application = TestApplication()

  /** The path of the tiny chat model. */
  val tinyModel: String = checkout.resolve("models/tiny-chat/tiny-chat-q8_0.gguf").toString()

  /** Reads a file of `fixtures/contract`. */
  fun contract(name: String): String = checkout.resolve("fixtures/contract/$name").toFile().readText()

  @Suppress("DEPRECATION") // React Native's other contexts need a whole host.
  fun context(): ReactApplicationContext = BridgeReactContext(application)

  /** Makes a module on React Native's own base classes. Its batches go to `heard`. */
  fun module(heard: (String) -> Unit): LlamaModule {
    val module = LlamaModule(context())
    module.initialize()
    val emitter = CxxCallbackImpl { event, value ->
      check(event == "onEvents")
      heard(value)
    }
    BaseJavaModule::class
      .java
      .getDeclaredMethod("setEventEmitterCallback", CxxCallbackImpl::class.java)
      .apply { isAccessible = true }
      .invoke(module, emitter)
    return module
  }

  /** Returns the bytes that native code has allocated. */
  fun nativeBytes(): Long = LibC.get.mallinfo2().uordblks

  /** Opens a file for reading. */
  fun descriptor(path: String): ParcelFileDescriptor = Descriptor(LibC.get.open(path, 0))

  /** Makes an activity that has not started. */
  fun activity(): Activity = ObjenesisHelper.newInstance(Activity::class.java)

  fun start(activity: Activity) = dispatch("Started", activity)

  fun pause(activity: Activity) = dispatch("Paused", activity)

  fun stop(activity: Activity) = dispatch("Stopped", activity)

  fun resume(activity: Activity) = dispatch("Resumed", activity)

  // Calls the application as Activity itself does, and no other listener.
  private fun dispatch(what: String, activity: Activity) {
    Application::class
      .java
      .getDeclaredMethod("dispatchActivity$what", Activity::class.java)
      .apply { isAccessible = true }
      .invoke(application, activity)
  }
}

/** The C library. Java can open files, but does not give their descriptors away. */
private interface LibC : Library {
  fun open(path: String, flags: Int): Int

  fun mallinfo2(): MallInfo

  companion object {
    val get: LibC = Native.load("c", LibC::class.java)
  }
}

@Structure.FieldOrder(
  "arena",
  "ordblks",
  "smblks",
  "hblks",
  "hblkhd",
  "usmblks",
  "fsmblks",
  "uordblks",
  "fordblks",
  "keepcost",
)
internal class MallInfo : Structure(), Structure.ByValue {
  @JvmField var arena = 0L
  @JvmField var ordblks = 0L
  @JvmField var smblks = 0L
  @JvmField var hblks = 0L
  @JvmField var hblkhd = 0L
  @JvmField var usmblks = 0L
  @JvmField var fsmblks = 0L
  @JvmField var uordblks = 0L
  @JvmField var fordblks = 0L
  @JvmField var keepcost = 0L
}

/** A file descriptor by its number. Android keeps the number in a field that Java's files do not have. */
private class Descriptor(private val number: Int) : ParcelFileDescriptor(null as ParcelFileDescriptor?) {
  override fun detachFd(): Int = number
}
