package com.llamars

import java.util.concurrent.atomic.AtomicInteger

private val made = AtomicInteger()

/** Returns an id that is new in this process, because all tests share the process's manager. */
internal fun unique(what: String): String = "$what-${made.incrementAndGet()}"
