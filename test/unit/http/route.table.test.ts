import * as z from "zod";
import { defineRoute, type HttpMethod, type Route } from "../../../src/lib/http/define.route";
import { RouteTable } from "../../../src/lib/http/route.table";

const route = (method: HttpMethod, path: string, operationId = `${method} ${path}`): Route =>
  defineRoute({
    operationId,
    method,
    path,
    tag: "Test",
    summary: "Test",
    auth: { kind: "public" },
    input: {},
    output: { status: 200, description: "Test.", body: z.object({}) },
    problems: [],
    run: async () => ({ body: {} }),
  });

const table = new RouteTable([
  route("GET", "/a/{id}"),
  route("PATCH", "/a/{id}"),
  route("POST", "/a/events"),
  route("GET", "/a/{id}/b/{other}"),
  route("GET", "/a/{id}/b/fixed"),
]);
const found = (method: string, path: string): string => table.find(method, path).route.operationId;

test("a literal segment wins over a parameter, where it takes the method", () => {
  expect(found("POST", "/a/events")).toBe("POST /a/events");
  expect(found("GET", "/a/events")).toBe("GET /a/{id}");
  expect(found("GET", "/a/1/b/fixed")).toBe("GET /a/{id}/b/fixed");
});

test("parameters are decoded and named", () => {
  expect(table.find("GET", "/a/x%2Fy/b/%C3%BC").params).toEqual({ id: "x/y", other: "ü" });
});

test("a known path with another method names every method that it takes", () => {
  expect(() => found("PUT", "/a/events")).toThrow(
    expect.objectContaining({
      code: "method-not-allowed",
      options: { headers: { allow: "GET, PATCH, POST" } },
    }),
  );
});

test.each(["/a", "/a/", "/a/1/", "/A/1", "/a/1/b", "//a/1", "/a/%"])("%s is not found", (path) => {
  expect(() => found("GET", path)).toThrow(expect.objectContaining({ code: "not-found" }));
});

test("two routes that could not be told apart are refused at once", () => {
  expect(() => new RouteTable([route("GET", "/a/{id}"), route("GET", "/a/{name}")])).toThrow(/Two routes/);
  expect(() => new RouteTable([route("GET", "/a", "same"), route("GET", "/b", "same")])).toThrow(
    /operationId same/,
  );
});
