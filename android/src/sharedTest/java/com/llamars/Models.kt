package com.llamars

import android.content.ContentProvider
import android.content.ContentValues
import android.database.Cursor
import android.net.Uri
import android.os.ParcelFileDescriptor
import java.io.FileNotFoundException
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit

/** Provides the tiny model under any name, and behind a gate if a test wants to stop its load. */
class Models : ContentProvider() {
  override fun onCreate() = true

  override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor {
    check(mode == "r")
    if (uri.lastPathSegment == "gone") throw FileNotFoundException("it was deleted")
    gates[uri.toString()]?.pass()
    return Host.descriptor(Host.tinyModel)
  }

  override fun query(uri: Uri, a: Array<String>?, b: String?, c: Array<String>?, d: String?): Cursor? = null

  override fun getType(uri: Uri): String? = null

  override fun insert(uri: Uri, values: ContentValues?): Uri? = null

  override fun delete(uri: Uri, a: String?, b: Array<String>?) = 0

  override fun update(uri: Uri, values: ContentValues?, a: String?, b: Array<String>?) = 0

  /** A gate at which a load waits until the test opens it. */
  internal class Gate(val path: String) {
    private val reached = CountDownLatch(1)
    private val opened = CountDownLatch(1)

    fun pass() {
      reached.countDown()
      check(opened.await(60, TimeUnit.SECONDS))
    }

    /** Waits until a load has reached the gate. */
    fun awaitLoad() = check(reached.await(60, TimeUnit.SECONDS))

    fun open() = opened.countDown()
  }

  internal companion object {
    private const val AUTHORITY = "com.llamars.test.models"
    private val gates = ConcurrentHashMap<String, Gate>()

    /** The URI of a file that does not exist. */
    const val GONE = "content://$AUTHORITY/gone"

    /** Returns a path that no other test uses. */
    fun path(): String = "content://$AUTHORITY/${unique("model")}"

    /** Returns a gate with a path that no other test uses. */
    fun gated(): Gate = Gate(path()).also { gates[it.path] = it }
  }
}
