package com.llamars

import android.content.ContentResolver
import java.io.File

/**
 * The native library: which one is loaded, and what it needs of Java itself. Everything else goes through the generated
 * classes.
 */
internal object NativeLibrary {
  private const val BASELINE = "llama_rs"

  /** Libraries for more than every CPU of their kind, best first, with the words of /proc/cpuinfo that they need. */
  private val levels =
    listOf(
      "llama_rs_i8mm" to setOf("asimdhp", "asimddp", "i8mm"),
      "llama_rs_dotprod" to setOf("asimdhp", "asimddp"),
      "llama_rs_vnni" to setOf("avx2", "bmi2", "fma", "f16c", "avx_vnni"),
      "llama_rs_avx2" to setOf("avx2", "bmi2", "fma", "f16c"),
    )

  /** Name of the library that was loaded. */
  val name: String

  init {
    name = loadFirst(fitting(File("/proc/cpuinfo").readText()), System::loadLibrary)
    // JNA, which the generated classes use, opens the library by this name, and without telling it of the virtual machine.
    System.setProperty("uniffi.component.llama_rs.libraryOverride", name)
  }

  /** Libraries that this CPU can run, best first. */
  internal fun fitting(cpuinfo: String): List<String> {
    val line = cpuinfo.lineSequence().firstOrNull { it.startsWith("flags") || it.startsWith("Features") }.orEmpty()
    val words = line.substringAfter(':').split(' ').toSet()
    return levels.filter { (_, needed) -> words.containsAll(needed) }.map { (name, _) -> name } + BASELINE
  }

  /** Not every package brings every level; each brings the last of `names`. */
  internal fun loadFirst(names: List<String>, load: (String) -> Unit): String =
    names.dropLast(1).firstOrNull { isLoaded(it, load) } ?: names.last().also(load)

  private fun isLoaded(name: String, load: (String) -> Unit): Boolean =
    try {
      load(name)
      true
    } catch (_: UnsatisfiedLinkError) {
      false
    }

  /** From now on a model's path may be a `content://` URI. Takes the application's resolver. */
  @JvmStatic external fun openUrisWith(resolver: ContentResolver)
}
