/** The number that the worker's figures are taken with. */
export const benchNumber = {
  phoneNumberId: "100200300400600",
  wabaId: "500400300200200",
  displayPhoneNumber: "+351210000002",
  verifiedName: "Bench",
  token: "bench-token",
};
