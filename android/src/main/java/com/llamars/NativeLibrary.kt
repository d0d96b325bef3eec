package com.llamars

import android.content.ContentResolver

/** What the native library needs of Java itself. Everything else goes through the generated classes. */
internal object NativeLibrary {
  // JNA, which the generated classes use, opens a library without telling it of the virtual machine.
  init {
    System.loadLibrary("llama_rs")
  }

  /** From now on a model's path may be a `content://` URI. Takes the application's resolver. */
  @JvmStatic external fun openUrisWith(resolver: ContentResolver)
}
