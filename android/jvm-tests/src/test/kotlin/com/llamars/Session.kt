package com.llamars

import com.google.gson.JsonObject
import com.google.gson.JsonParser
import com.llamars.port.Client
import com.llamars.port.ModelManager
import java.nio.file.Path
import java.util.concurrent.atomic.AtomicInteger

/** A client with what tests need: commands with ids, and events that can be awaited whether they came already or not. */
internal class Session(manager: ModelManager) {
  val client: Client = manager.connect()
  val events = mutableListOf<JsonObject>()
  private var requests = 0

  val snapshot: JsonObject
    get() = JsonParser.parseString(client.snapshot()).asJsonObject

  /** Sends a command, given as JSON without its `requestId`, and returns its `done`, `failed` or other answer. */
  fun ask(command: String): JsonObject {
    val requestId = "request-${++requests}"
    client.send(command.replaceFirst("{", """{ "requestId": "$requestId", """))
    return event { it.text("requestId") == requestId }
  }

  /** A turn of `scope` on the tiny model. Returns the whole answer. */
  fun say(scope: String, words: String, model: String = tinyModel): String {
    val generation = "generation-${generations.incrementAndGet()}"
    val answer = ask(
      """{ "type": "generate", "generationId": "$generation", "scope": "$scope", "model": { "path": "$model" },
           "append": [{ "role": "user", "content": "$words" }], "options": { "temperature": 0 } }""",
    )
    check(answer.text("type") == "done") { answer }
    val end = event { it.text("generationId") == generation && it["phase"]?.asJsonObject?.text("type") == "finished" }
    check(end["phase"].asJsonObject["outcome"].asJsonObject.text("reason") == "stop") { end }
    return events
      .filter { it.text("generationId") == generation && it.text("type") == "textDelta" }
      .joinToString("") { it.text("text").orEmpty() }
  }

  /** The first event, past or future, that matches. */
  fun event(matches: (JsonObject) -> Boolean): JsonObject {
    val deadline = System.nanoTime() + PATIENCE_NANOS
    while (true) {
      events.firstOrNull(matches)?.let { return it }
      check(System.nanoTime() < deadline) { "no such event among $events" }
      pull()
    }
  }

  private fun pull() {
    val batch = client.nextEvents(1_000u) ?: return
    events += JsonParser.parseString(batch).asJsonObject["events"].asJsonArray.map { it.asJsonObject }
  }

  companion object {
    /** A manager knows the generations of all its clients. */
    private val generations = AtomicInteger()
    val tinyModel: String = Path.of(System.getProperty("llama.model")).toRealPath().toString()
    private const val PATIENCE_NANOS = 60_000_000_000
  }
}

internal fun JsonObject.text(name: String): String? = get(name)?.takeIf { it.isJsonPrimitive }?.asString
