package com.llamars

import android.content.ContentResolver
import android.net.Uri
import android.os.ParcelFileDescriptor
import com.llamars.port.ModelManager
import com.sun.jna.Library
import com.sun.jna.Native
import java.io.FileNotFoundException
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class ContentUriTest {
  private val manager = ModelManager.own()
  private val session = Session(manager)

  init {
    NativeLibrary.openUrisWith(Downloads)
  }

  @AfterEach
  fun end() {
    session.client.end()
    assertTrue(manager.shutdown(20_000u))
  }

  @Test
  fun `a model is loaded from a content URI, and named by it`() {
    session.say("ann", "my name is alice", Downloads.MODEL)
    assertEquals("Your name is alice.", session.say("ann", "what is my name", Downloads.MODEL))
    assertEquals(Downloads.MODEL, session.snapshot["models"].asJsonArray.single().asJsonObject.text("path"))
  }

  @Test
  fun `the descriptor is closed once the model is loaded`() {
    session.say("ann", "my name is alice", Downloads.MODEL)
    val open = Files.list(Path.of("/proc/self/fd")).use { it.toList() }.mapNotNull(::target)
    assertTrue(open.isNotEmpty())
    assertFalse(Session.tinyModel in open)
  }

  @Test
  fun `a URI that cannot be opened is a model that is not found`() {
    val uri = "content://downloads/gone.gguf"
    val answer = session.ask("""{ "type": "acquire", "leaseId": "l", "owner": "test", "model": { "path": "$uri" } }""")
    assertEquals("failed", answer.text("type"))
    val error = answer["error"].asJsonObject
    assertEquals("modelNotFound", error.text("code"))
    val reason = "java.io.FileNotFoundException: it was deleted"
    assertEquals("could not open $uri: $reason - pick the file again, and keep the permission to read it", error.text("detail"))
  }
}

/** Null for what has been closed since the folder was listed, the list itself for one. */
private fun target(descriptor: Path): String? =
  try {
    Files.readSymbolicLink(descriptor).toString()
  } catch (_: NoSuchFileException) {
    null
  }

/** A provider with one file. */
private object Downloads : ContentResolver() {
  const val MODEL = "content://downloads/tiny.gguf"

  override fun openFileDescriptor(uri: Uri, mode: String): ParcelFileDescriptor {
    assertEquals("r", mode)
    if (uri.toString() != MODEL) throw FileNotFoundException("it was deleted")
    return ParcelFileDescriptor(LibC.get.open(Session.tinyModel, O_RDONLY))
  }
}

private const val O_RDONLY = 0

/** Java opens files, but gives their descriptors to nobody. */
private interface LibC : Library {
  fun open(path: String, flags: Int): Int

  companion object {
    val get: LibC = Native.load("c", LibC::class.java)
  }
}
