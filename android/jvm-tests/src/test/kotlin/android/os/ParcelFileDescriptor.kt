package android.os

class ParcelFileDescriptor(private val descriptor: Int) {
  fun detachFd(): Int = descriptor
}
