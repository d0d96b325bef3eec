package com.llamars

import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class ContentUriTest {
  private val javaScript = JavaScript()

  @AfterEach fun end() = javaScript.end()

  @Test
  fun the_descriptor_is_closed_once_the_model_is_loaded() {
    val path = Models.path()
    javaScript.load(path)
    assertEquals("idle", javaScript.status(path))
    val open = Files.list(Path.of("/proc/self/fd")).use { it.toList() }.mapNotNull(::target)
    assertTrue(open.isNotEmpty())
    assertFalse(Host.tinyModel in open)
  }

  @Test
  fun a_URI_that_cannot_be_opened_is_a_model_that_is_not_found() {
    val uri = Models.GONE
    val request =
      javaScript.send("""{ "type": "acquire", "leaseId": "l", "debugLabel": "test", "model": { "path": "$uri" } }""")
    val error = javaScript.answer(request).getJSONObject("error")
    assertEquals("modelNotFound", error.getString("code"))
    val reason = "java.io.FileNotFoundException: it was deleted"
    assertEquals(
      "could not open $uri: $reason - pick the file again, and keep the permission to read it",
      error.getString("detail"),
    )
  }
}

/** Returns null for a descriptor that was closed since the folder was listed, such as the listing's own. */
private fun target(descriptor: Path): String? =
  try {
    Files.readSymbolicLink(descriptor).toString()
  } catch (_: NoSuchFileException) {
    null
  }
