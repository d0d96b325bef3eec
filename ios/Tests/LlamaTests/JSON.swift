import Foundation

/// A JSON value of the port, whose fields are read by name.
enum JSON: Decodable, Equatable, Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case text(String)
  case list([JSON])
  case fields([String: JSON])

  init(_ text: String) throws {
    self = try JSONDecoder().decode(JSON.self, from: Data(text.utf8))
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let bool = try? container.decode(Bool.self) {
      self = .bool(bool)
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else if let text = try? container.decode(String.self) {
      self = .text(text)
    } else if let list = try? container.decode([JSON].self) {
      self = .list(list)
    } else {
      self = .fields(try container.decode([String: JSON].self))
    }
  }

  /// The field of that name, or `null`.
  subscript(name: String) -> JSON {
    if case .fields(let fields) = self { return fields[name] ?? .null }
    return .null
  }

  var text: String? {
    if case .text(let text) = self { return text }
    return nil
  }

  var number: Double? {
    if case .number(let number) = self { return number }
    return nil
  }

  /// The elements of a list; empty for any other value.
  var list: [JSON] {
    if case .list(let list) = self { return list }
    return []
  }
}
