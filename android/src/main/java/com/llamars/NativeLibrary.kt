package com.llamars

import android.content.ContentResolver
import java.io.File

/**
 * Loads the best native library for this CPU, and gives it the Java objects that it needs. All other calls go through
 * the generated classes.
 */
internal object NativeLibrary {
  private const val BASELINE = "llama_rs"

  /** Libraries that need more than the baseline, best first, with the features of /proc/cpuinfo that they need. */
  private val levels =
    listOf(
      "llama_rs_i8mm" to setOf("asimdhp", "asimddp", "i8mm"),
      "llama_rs_dotprod" to setOf("asimdhp", "asimddp"),
      "llama_rs_vnni" to setOf("avx2", "bmi2", "fma", "f16c", "avx_vnni"),
      "llama_rs_avx2" to setOf("avx2", "bmi2", "fma", "f16c"),
    )

  /** The name of the loaded library. */
  val name: String

  init {
    name = loadFirst(fitting(File("/proc/cpuinfo").readText()), System::loadLibrary)
    // The generated classes use JNA, which opens the library by this name, and does not run its `JNI_OnLoad`.
    System.setProperty("uniffi.component.llama_rs.libraryOverride", name)
  }

  /** Returns the libraries that this CPU can run, best first. */
  internal fun fitting(cpuinfo: String): List<String> {
    val line = cpuinfo.lineSequence().firstOrNull { it.startsWith("flags") || it.startsWith("Features") }.orEmpty()
    val words = line.substringAfter(':').split(' ').toSet()
    return levels.filter { (_, needed) -> words.containsAll(needed) }.map { (name, _) -> name } + BASELINE
  }

  /** Loads the first library that the package contains. Every package contains the last of `names`. */
  internal fun loadFirst(names: List<String>, load: (String) -> Unit): String =
    names.dropLast(1).firstOrNull { isLoaded(it, load) } ?: names.last().also(load)

  private fun isLoaded(name: String, load: (String) -> Unit): Boolean =
    try {
      load(name)
      true
    } catch (_: UnsatisfiedLinkError) {
      false
    }

  /** Lets a model's path be a `content://` URI from now on, through the application's resolver. */
  @JvmStatic external fun openUrisWith(resolver: ContentResolver)
}
