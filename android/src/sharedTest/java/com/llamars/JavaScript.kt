package com.llamars

import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock
import org.json.JSONArray
import org.json.JSONObject

/**
 * Plays a JavaScript runtime to the module: gives commands their ids, and awaits events that have come or will come.
 */
internal class JavaScript {
  private val lock = ReentrantLock()
  private val came = lock.newCondition()
  private val heard = mutableListOf<JSONObject>()

  /** Called with each batch, on the thread that emits it, before its events can be awaited. */
  @Volatile var onBatch: (String) -> Unit = {}

  val module: LlamaModule = Host.module { batch ->
    onBatch(batch)
    lock.withLock {
      heard += JSONObject(batch).getJSONArray("events").objects()
      came.signalAll()
    }
  }

  /** All events so far. */
  val events: List<JSONObject>
    get() = lock.withLock { heard.toList() }

  val snapshot: JSONObject
    get() = JSONObject(module.snapshot())

  /** Sends a command, given as JSON without its `requestId`. Returns that id. */
  fun send(command: String): String {
    val requestId = unique("request")
    module.send(command.replaceFirst("{", """{ "requestId": "$requestId", """))
    return requestId
  }

  /** Waits for the answer to a command. */
  fun answer(requestId: String): JSONObject = event { it.optString("requestId") == requestId }

  /** Sends a command and returns its answer. Fails if that is a refusal. */
  fun ask(command: String): JSONObject =
    answer(send(command)).also { check(it.getString("type") != "failed") { "$command: $it" } }

  /** Starts a turn of `scope`. Returns the generation's id. */
  fun generate(
    scope: String,
    words: String,
    model: String = """{ "path": "${Host.tinyModel}" }""",
    options: String = GREEDY,
  ): String {
    val id = unique("generation")
    send(
      """{ "type": "generate", "generationId": "$id", "scope": "$scope", "model": $model, "options": $options,
           "append": [{ "role": "user", "content": "$words" }] }"""
    )
    return id
  }

  /** Waits for the end of a generation, and returns its reason. */
  fun outcome(generation: String): String = finished(generation).getJSONObject("outcome").getString("reason")

  private fun finished(generation: String): JSONObject =
    event { it.isPhase(generation, "finished") }.getJSONObject("phase")

  /** Runs a whole turn of `scope`. Returns the answer. */
  fun say(scope: String, words: String): String {
    val generation = generate(scope, words)
    val outcome = finished(generation).getJSONObject("outcome")
    check(outcome.getString("reason") == "stop") { outcome }
    return text(generation)
  }

  /** Returns the text of an answer so far. */
  fun text(generation: String): String =
    events.filter { it.isText(generation) }.joinToString("") { it.getString("text") }

  /** Returns the first event, past or future, that matches. */
  fun event(matches: (JSONObject) -> Boolean): JSONObject = lock.withLock {
    var patience = PATIENCE_NANOS
    var at = 0
    while (true) {
      while (at < heard.size) heard[at++].takeIf(matches)?.let { return it }
      check(patience > 0) { "no such event among $heard" }
      patience = came.awaitNanos(patience)
    }
    @Suppress("UNREACHABLE_CODE") throw AssertionError()
  }

  /** Waits until the manager has handled every earlier command, of any client. */
  fun settle() {
    ask("""{ "type": "configure" }""")
  }

  /** Returns the type of a model's status. */
  fun status(path: String): String =
    snapshot
      .getJSONArray("models")
      .objects()
      .single { it.getString("path") == path }
      .getJSONObject("status")
      .getString("type")

  /** Loads a model. Unless `isHeld`, its lease is given back, and the model stays loaded for five minutes. */
  fun load(path: String, isHeld: Boolean = false) {
    ask("""{ "type": "acquire", "leaseId": "$path", "debugLabel": "test", "model": { "path": "$path" } }""")
    if (!isHeld) ask("""{ "type": "release", "leaseId": "$path" }""")
  }

  /** Cleans the process's manager up for the next test: no model is loaded, and no conversation is left. */
  fun end() {
    ask("""{ "type": "resume" }""")
    ask("""{ "type": "deleteAllScopes" }""")
    snapshot.getJSONArray("models").objects().map { it.getString("path") }.forEach {
      ask("""{ "type": "unload", "path": "$it" }""")
    }
    module.invalidate()
  }

  companion object {
    const val GREEDY = """{ "temperature": 0 }"""

    /** Makes tokens that were seen likelier, so that the answer repeats itself until the context is full. */
    const val ENDLESS = """{ "temperature": 0, "repeatPenalty": 0.05 }"""
    private val PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60)
  }
}

internal fun JSONObject.isPhase(generation: String, phase: String): Boolean =
  optString("type") == "phaseChanged" &&
    getString("generationId") == generation &&
    getJSONObject("phase").getString("type") == phase

internal fun JSONObject.isText(generation: String): Boolean =
  optString("type") == "textDelta" && getString("generationId") == generation
