package com.llamars

import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertEquals

class ConversationTest {
  private val javaScript = JavaScript()

  @AfterTest fun end() = javaScript.end()

  @Test
  fun two_conversations_remember_each_its_own_name() {
    val (ann, bob) = unique("ann") to unique("bob")
    javaScript.say(ann, "my name is alice")
    javaScript.say(bob, "my name is bob")
    assertEquals("Your name is alice.", javaScript.say(ann, "what is my name"))
    assertEquals("Your name is bob.", javaScript.say(bob, "what is my name"))
  }

  @Test
  fun however_often_JavaScript_asks_one_thread_hears_the_events() {
    javaScript.ask("""{ "type": "readLog" }""")
    val threads = pumps()
    for (time in 1..10) {
      javaScript.snapshot
      javaScript.ask("""{ "type": "readLog" }""")
    }
    assertEquals(emptyList(), pumps() - threads.toSet())
  }
}
