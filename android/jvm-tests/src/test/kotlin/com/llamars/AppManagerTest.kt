package com.llamars

import java.util.logging.Handler
import java.util.logging.Level
import java.util.logging.LogRecord
import java.util.logging.Logger
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class AppManagerTest {
  private val javaScript = JavaScript()

  @AfterEach fun end() = javaScript.end()

  @Test
  fun there_is_one_for_all_modules() {
    assertSame(AppManager.of(Host.application), AppManager.of(Host.application))
  }

  @Test
  fun conversations_are_saved_where_no_backup_takes_them() {
    val scope = unique("scope")
    javaScript.say(scope, "my name is alice")
    javaScript.ask("""{ "type": "save", "scope": "$scope" }""")
    assertTrue(Host.application.noBackupFilesDir.resolve("llama").walk().any { it.isFile && it.length() > 0 })
  }

  @Test
  fun a_directory_that_cannot_be_had_is_logged_and_no_crash() {
    val logged = mutableListOf<LogRecord>()
    val listening =
      object : Handler() {
        override fun publish(record: LogRecord) {
          logged += record
        }

        override fun flush() = Unit

        override fun close() = Unit
      }
    val logger = Logger.getLogger("llama")
    logger.useParentHandlers = false
    logger.addHandler(listening)
    AppManager(TestApplication())
    logger.removeHandler(listening)
    val record = logged.single()
    assertEquals(Level.WARNING, record.level)
    assertTrue("storageUnavailable" in record.thrown.toString()) { "${record.thrown}" }
  }
}
