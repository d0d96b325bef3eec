package com.llamars

import com.llamars.port.ModelManager
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class ConversationTest {
  private val manager = ModelManager.own()
  private val session = Session(manager)

  @AfterEach
  fun end() {
    session.client.end()
    assertTrue(manager.shutdown(20_000u))
  }

  @Test
  fun `two conversations remember each its own name`() {
    session.say("ann", "my name is alice")
    session.say("bob", "my name is bob")
    assertEquals("Your name is alice.", session.say("ann", "what is my name"))
    assertEquals("Your name is bob.", session.say("bob", "what is my name"))
  }

  @Test
  fun `the next client of a manager finds what the last one left`() {
    session.say("ann", "my name is alice")
    session.client.end()
    val next = Session(manager)
    assertEquals("Your name is alice.", next.say("ann", "what is my name"))
    assertEquals(1, next.snapshot["models"].asJsonArray.size())
    next.client.end()
  }

  @Test
  fun `a malformed command is answered by an event`() {
    val answer = session.ask("""{ "type": "sing" }""")
    assertEquals("failed", answer.text("type"))
    assertEquals("invalidCommand", answer["error"].asJsonObject.text("code"))
  }

  @Test
  fun `a refused command is answered by an event`() {
    val answer = session.ask("""{ "type": "disposeScope", "scope": "nobody" }""")
    assertEquals("failed", answer.text("type"))
    assertEquals("scopeNotFound", answer["error"].asJsonObject.text("code"))
  }
}
