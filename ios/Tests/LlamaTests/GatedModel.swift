#if os(Linux)
  import UIKit

  @testable import LlamaRs

  /// The tiny model as a picked file that opens when the test says so: a load stays where it is until then.
  final class GatedModel: Sendable {
    private let visitor = DispatchSemaphore(value: 0)
    private let gate = DispatchSemaphore(value: 0)
    let path: String

    init() {
      let bookmark = Data(unique("bookmark").utf8)
      path = "bookmark:" + bookmark.base64EncodedString()
      _ = AppManager.shared
      Played.shared.with { [visitor, gate] played in
        played.bookmarks[bookmark] = {
          visitor.signal()
          gate.wait()
          gate.signal()
          return tinyModelFile
        }
      }
    }

    /// JSON of a `ModelConfig`.
    var model: String {
      #"{ "path": "\#(path)", "threads": 1 }"#
    }

    /// Waits until somebody wants to load it.
    func waitForVisitor() {
      visitor.wait()
    }

    /// For everybody, from now on.
    func open() {
      gate.signal()
    }
  }
#endif
