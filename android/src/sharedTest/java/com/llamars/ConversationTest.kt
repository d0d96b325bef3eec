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
}
