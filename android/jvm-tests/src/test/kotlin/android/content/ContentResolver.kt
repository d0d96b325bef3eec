package android.content

import android.net.Uri
import android.os.ParcelFileDescriptor

// This class and two more (Uri, ParcelFileDescriptor) are what the native library calls to open a URI. Their names and
// signatures are Android's, and those are tested; what they do on a phone is not.
abstract class ContentResolver {
  abstract fun openFileDescriptor(uri: Uri, mode: String): ParcelFileDescriptor?
}
