package com.llamars

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Test

class NativeLibraryTest {
  @Test
  fun a_CPU_gets_the_best_library_that_it_can_run_and_every_simpler_one_after_it() {
    val libraries =
      mapOf(
        arm("fp asimd") to listOf("llama_rs"),
        arm("fp asimd asimddp") to listOf("llama_rs"),
        arm("fp asimd asimdhp asimddp") to listOf("llama_rs_dotprod", "llama_rs"),
        arm("fp asimd asimdhp asimddp i8mm") to listOf("llama_rs_i8mm", "llama_rs_dotprod", "llama_rs"),
        intel("sse4_2 avx f16c") to listOf("llama_rs"),
        intel("sse4_2 avx f16c fma bmi2 avx2") to listOf("llama_rs_avx2", "llama_rs"),
        intel("avx f16c fma bmi2 avx2 avx_vnni") to listOf("llama_rs_vnni", "llama_rs_avx2", "llama_rs"),
        "a CPU that says nothing" to listOf("llama_rs"),
      )
    for ((cpuinfo, expected) in libraries) assertEquals(expected, NativeLibrary.fitting(cpuinfo), cpuinfo)
  }

  @Test
  fun the_first_that_loads_is_taken() {
    val tried = mutableListOf<String>()
    val loaded =
      NativeLibrary.loadFirst(listOf("best", "good", "plain")) {
        tried += it
        if (it == "best") throw UnsatisfiedLinkError("not in this package")
      }
    assertEquals("good", loaded)
    assertEquals(listOf("best", "good"), tried)
  }

  @Test
  fun the_last_is_loaded_where_nothing_better_is() {
    val tried = mutableListOf<String>()
    val loaded =
      NativeLibrary.loadFirst(listOf("best", "plain")) {
        tried += it
        if (it == "best") throw UnsatisfiedLinkError("not in this package")
      }
    assertEquals("plain", loaded)
    assertEquals(listOf("best", "plain"), tried)
  }

  @Test
  fun an_app_without_any_hears_of_the_last() {
    val error =
      assertThrows(UnsatisfiedLinkError::class.java) {
        NativeLibrary.loadFirst(listOf("best", "plain")) { throw UnsatisfiedLinkError(it) }
      }
    assertEquals("plain", error.message)
  }

  @Test
  fun the_generated_classes_open_what_was_loaded() {
    assertEquals("llama_rs", NativeLibrary.name)
    assertEquals(NativeLibrary.name, System.getProperty("uniffi.component.llama_rs.libraryOverride"))
  }

  private fun arm(features: String) = "processor\t: 0\nBogoMIPS\t: 26.00\nFeatures\t: $features\n\nprocessor\t: 1\n"

  private fun intel(flags: String) = "processor\t: 0\nmodel name\t: x\nflags\t\t: $flags\nbugs\t\t: spectre_v1\n"
}
