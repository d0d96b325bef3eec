import Foundation

/// Calls a handler for a notification, on the thread that posts it, for as long as this object lives.
///
/// Unchecked: the token is used only to remove the observer.
final class Observation: @unchecked Sendable {
  private let token: NSObjectProtocol

  init(of name: NSNotification.Name, _ handle: @escaping @Sendable () -> Void) {
    token = NotificationCenter.default.addObserver(forName: name, object: nil, queue: nil) { _ in handle() }
  }

  deinit {
    NotificationCenter.default.removeObserver(token)
  }
}
