import { clusterIdentity, clusterPlace } from "../../../../src/lib/db/cluster.identity";

const base = "mongodb://anna:secret@db1:27017,db2:27017/?replicaSet=rs0&tls=true";

describe("the identity of a cluster", () => {
  test.each([
    ["its hosts in another order", "mongodb://anna:secret@db2:27017,db1:27017/?replicaSet=rs0&tls=true"],
    ["its options in another order", "mongodb://anna:secret@db1:27017,db2:27017/?tls=true&replicaSet=rs0"],
    ["capital letters in a host", "mongodb://anna:secret@DB1:27017,db2:27017/?replicaSet=rs0&tls=true"],
    ["the default port left out", "mongodb://anna:secret@db1,db2/?replicaSet=rs0&tls=true"],
  ])("is the same with %s", (_, uri) => {
    expect(clusterIdentity(uri)).toBe(clusterIdentity(base));
  });

  test.each([
    ["another user", "mongodb://bert:secret@db1:27017,db2:27017/?replicaSet=rs0&tls=true"],
    ["another password", "mongodb://anna:other@db1:27017,db2:27017/?replicaSet=rs0&tls=true"],
    ["no user", "mongodb://db1:27017,db2:27017/?replicaSet=rs0&tls=true"],
    ["another host", "mongodb://anna:secret@db1:27017,db3:27017/?replicaSet=rs0&tls=true"],
    ["another port", "mongodb://anna:secret@db1:27018,db2:27017/?replicaSet=rs0&tls=true"],
    ["other TLS options", "mongodb://anna:secret@db1:27017,db2:27017/?replicaSet=rs0"],
    ["a user of another database", "mongodb://anna:secret@db1:27017,db2:27017/users?replicaSet=rs0&tls=true"],
    ["DNS instead of hosts", "mongodb+srv://anna:secret@db1/?replicaSet=rs0&tls=true"],
  ])("is another with %s", (_, uri) => {
    expect(clusterIdentity(uri)).not.toBe(clusterIdentity(base));
  });

  test("does not depend on the database where nobody logs in", () => {
    expect(clusterIdentity("mongodb://db1/one")).toBe(clusterIdentity("mongodb://db1/two"));
  });

  test("holds neither user nor password, and its place is the same whoever logs in", () => {
    expect(clusterIdentity(base)).toMatch(/^[0-9a-f]{64}$/);
    expect(clusterPlace(base)).toBe(clusterPlace("mongodb://db2,db1/?tls=true"));
    expect(clusterPlace(base)).not.toBe(clusterPlace("mongodb://db3/"));
  });

  test.each(["", "postgres://db1", "mongodb://", "mongodb://user:pass@/"])(
    "refuses %j without quoting it",
    (uri) => {
      expect(() => clusterIdentity(uri)).toThrow("must look like mongodb://");
    },
  );
});
