package com.llamars

import android.app.Activity
import android.app.Notification
import android.app.NotificationManager
import android.app.Service
import android.content.Intent
import android.os.Binder
import android.os.Bundle
import java.util.concurrent.TimeUnit
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test

/** Tests the service in Android's own class. The tests play the system that starts, shows and ends it. */
class GenerationServiceTest {
  private val javaScript = JavaScript()
  private val activity: Activity = Host.activity()
  private val started = mutableListOf<Intent>()
  private val gate = Models.gated()

  @BeforeEach
  fun optIn() {
    val text = "Finishing the answer"
    Host.application.metaData = Bundle().also { it.putString("com.llamars.FINISH_IN_BACKGROUND", text) }
    Host.application.onStartService = { started += it }
    SystemServer.stopped.clear()
    SystemServer.shown.clear()
    SystemServer.channels.clear()
    Host.start(activity)
  }

  @AfterEach
  fun end() {
    Host.application.metaData = null
    Host.stop(activity)
    gate.open()
    javaScript.end()
  }

  @Test
  fun an_answer_is_finished_in_the_background_and_then_the_service_ends() {
    val generation = generate()
    Host.stop(activity)
    val service = serve()
    awaitThread("llama-background", "event")
    assertFalse(isSuspended)
    assertTrue(SystemServer.stopped.isEmpty())
    gate.open()
    assertEquals("stop", javaScript.outcome(generation))
    assertEquals(START_ID, awaitEnd())
    assertTrue(isSuspended)
    assertNull(service.onBind(Intent()))
  }

  @Test
  fun the_notification_says_what_the_app_wants_it_to() {
    generate()
    Host.stop(activity)
    serve()
    val notification = SystemServer.shown.single()
    assertEquals("Finishing the answer", notification.extras.getString(Notification.EXTRA_TITLE))
    assertEquals(TestApplication.ICON, notification.smallIcon.resId)
    val channel = SystemServer.channels.single()
    assertEquals(channel.id, notification.channelId)
    assertEquals("Finishing the answer", channel.name)
    assertEquals(NotificationManager.IMPORTANCE_LOW, channel.importance)
  }

  @Test
  fun an_app_that_comes_back_goes_on_without_the_service() {
    val generation = generate()
    Host.stop(activity)
    serve()
    Host.start(activity)
    assertEquals(START_ID, awaitEnd())
    assertFalse(isSuspended)
    gate.open()
    assertEquals("stop", javaScript.outcome(generation))
  }

  @Test
  fun an_answer_waits_when_the_time_is_over() {
    val generation = generate()
    Host.stop(activity)
    val service = serve()
    service.onTimeout(START_ID)
    assertEquals(START_ID, SystemServer.stopped.poll())
    assertTrue(isSuspended)
    gate.open()
    Host.start(activity)
    assertEquals("stop", javaScript.outcome(generation))
  }

  @Test
  fun no_service_is_started_where_nothing_is_generated() {
    javaScript.say(unique("scope"), "my name is alice")
    Host.stop(activity)
    assertTrue(started.isEmpty())
    assertTrue(isSuspended)
  }

  @Test
  fun no_service_is_started_in_an_app_that_has_not_opted_in() {
    for (metaData in listOf(null, Bundle())) {
      Host.application.metaData = metaData
      Host.start(activity)
      generate()
      Host.stop(activity)
      assertTrue(started.isEmpty())
      assertTrue(isSuspended)
    }
  }

  @Test
  fun an_answer_waits_where_the_system_refuses_the_service() {
    Host.application.onStartService = { throw IllegalStateException("from the background") }
    generate()
    Host.stop(activity)
    assertTrue(isSuspended)
  }

  /** Starts a turn whose model waits at the gate. */
  private fun generate(): String {
    val generation = javaScript.generate(unique("scope"), "my name is alice", """{ "path": "${gate.path}" }""")
    gate.awaitLoad()
    return generation
  }

  /** Starts the service, as the system does after `startForegroundService`. */
  private fun serve(): GenerationService {
    val intent = started.single()
    assertEquals(GenerationService::class.java.name, intent.component?.className)
    val service = GenerationService()
    service.attach(Host.application, null, service.javaClass.name, Binder(), Host.application, SystemServer.activities)
    assertEquals(Service.START_NOT_STICKY, service.onStartCommand(intent, 0, START_ID))
    return service
  }

  private fun awaitEnd(): Int? = SystemServer.stopped.poll(PATIENCE_MS, TimeUnit.MILLISECONDS)

  private val isSuspended: Boolean
    get() {
      javaScript.settle()
      return javaScript.snapshot.getBoolean("suspended")
    }

  private companion object {
    const val START_ID = 7
  }
}
