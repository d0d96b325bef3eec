#if os(Linux)
  import UIKit

  @testable import LlamaRs

  /// The tiny model as a picked file. A load waits at its gate until the test opens it.
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

    /// Waits until a load has reached the gate.
    func waitForVisitor() {
      visitor.wait()
    }

    /// Opens the gate for good.
    func open() {
      gate.signal()
    }
  }
#endif
