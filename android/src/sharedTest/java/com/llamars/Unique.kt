package com.llamars

import java.util.concurrent.atomic.AtomicInteger

private val made = AtomicInteger()

/** An id that this process has not seen: all tests share the process's manager. */
internal fun unique(what: String): String = "$what-${made.incrementAndGet()}"
