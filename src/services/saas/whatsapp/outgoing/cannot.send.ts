/** A stored message that must not be sent any more, found before Meta sees it. The message is for people. */
export class CannotSend extends Error {
  override readonly name = "CannotSend";
}
