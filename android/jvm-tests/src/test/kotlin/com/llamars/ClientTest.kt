package com.llamars

import com.llamars.port.ModelManager
import com.llamars.port.PortException
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class ClientTest {
  private val manager = ModelManager.own()

  @AfterEach
  fun end() {
    assertTrue(manager.shutdown(20_000u))
  }

  @Test
  fun `a pull without events ends at its timeout`() {
    val client = manager.connect()
    assertNull(client.nextEvents(1u))
    client.end()
  }

  @Test
  fun `ending a client ends a pull that waits`() {
    val client = manager.connect()
    val heard = CountDownLatch(1)
    val pump = CompletableFuture.supplyAsync {
      assertThrows(PortException.Refused::class.java) {
        while (true) client.nextEvents(60_000u)?.let { heard.countDown() }
      }
    }
    client.send("""{ "requestId": "r", "type": "readLog" }""")
    assertTrue(heard.await(20, TimeUnit.SECONDS))
    client.end()
    assertEquals("closed", pump.get(20, TimeUnit.SECONDS).code)
  }

  @Test
  fun `a client that has ended throws at a pull, and takes everything else`() {
    val client = manager.connect()
    client.end()
    client.end()
    client.send("""{ "requestId": "r", "type": "readLog" }""")
    assertTrue(client.snapshot().contains("\"closed\""))
    val error = assertThrows(PortException.Refused::class.java) { client.nextEvents(0u) }
    assertEquals("closed", error.code)
  }

  @Test
  fun `a second directory is refused with code and detail`(@TempDir first: Path, @TempDir second: Path) {
    manager.keepIn("$first")
    manager.keepIn("$first")
    val error = assertThrows(PortException.Refused::class.java) { manager.keepIn("$second") }
    assertEquals("storageUnavailable", error.code)
    assertEquals("scopes are saved in $first already, not in $second - name one directory per process", error.detail)
  }
}
