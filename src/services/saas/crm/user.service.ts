/**
 * People who work for a tenant. They are rows of the central database, so each change of theirs is written there
 * first and then told in the tenant's log; repeating a call that died in between finds nothing left to do.
 */
import { type QueryFilter, Types } from "mongoose";
import type { CreateUser, ListUsers, UpdateUser, User } from "../../../contracts/user.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { isDuplicateKey } from "../../../lib/db/duplicate.key";
import { getCentralModels } from "../../../lib/db/get.central.models";
import { AppError } from "../../../lib/errors/app.error";
import { invalidRequest } from "../../../lib/http/validation.problem";
import { type Page, pageOf } from "../../../lib/query/page";
import { commitChange } from "../../../lib/tenant/commit.change";
import type { UserRecord } from "../../../model/clients/user.schema";
import { changedFields, shownChanges } from "./changed.fields";
import { checkVersion, notFound } from "./crm.problem";
import { toTimestamp } from "./lead.serialiser";
import { isAvailable } from "./user.read";

/** A person by id, at the version the caller saw when `ifMatch` is given. */
export interface UserAt {
  readonly id: string;
  readonly ifMatch?: number | undefined;
}

/** People by key. @throws AppError invalid-cursor. */
export async function listUsers(ctx: TenantContext, query: ListUsers): Promise<Page<User>> {
  const { User } = await getCentralModels();
  const filter: QueryFilter<UserRecord> = {
    clientCode: ctx.clientCode,
    ...(query.status === undefined ? {} : { status: query.status }),
  };
  const page = await pageOf(ctx, User, { route: "listUsers", query, filter, sort: { key: 1 } });
  return { ...page, data: page.data.map((user) => toUser(user, ctx.now())) };
}

/** @throws AppError not-found. */
export async function getUser(ctx: TenantContext, id: string): Promise<User> {
  return toUser(await userOf(ctx, { id }), ctx.now());
}

/** @throws AppError duplicate (names `userId`) for a key or an e-mail address in use. */
export async function createUser(ctx: TenantContext, input: CreateUser): Promise<User> {
  const { User } = await getCentralModels();
  const at = ctx.now();
  const record: UserRecord = {
    _id: new Types.ObjectId(),
    version: 1,
    createdAt: at,
    updatedAt: at,
    clientCode: ctx.clientCode,
    key: input.key,
    name: input.name,
    emailLower: input.email,
    status: "active",
    availability: "available",
    awayUntil: null,
  };
  await refuseTwin(ctx, () => User.insertMany([record]), record);
  await tell(ctx, null, record);
  return toUser(record, at);
}

/** @throws AppError not-found, precondition-failed, duplicate, validation-failed for an absence of somebody who is there. */
export async function updateUser(ctx: TenantContext, at: UserAt, patch: UpdateUser): Promise<User> {
  const before = await userOf(ctx, at);
  const availability = patch.availability ?? before.availability;
  if (availability === "available" && patch.awayUntil)
    throw invalidRequest([
      { pointer: "/awayUntil", code: "invalid-value", detail: "Only somebody who is away comes back." },
    ]);
  const until = patch.awayUntil === undefined ? before.awayUntil : patch.awayUntil;
  return write(ctx, before, {
    ...before,
    name: patch.name ?? before.name,
    emailLower: patch.email ?? before.emailLower,
    availability,
    awayUntil: availability === "available" || until === null ? null : new Date(until),
  });
}

/**
 * Ends or takes up a person's work for the tenant. Nothing new is given to somebody who is disabled; what the person
 * has stays until somebody gives it to another.
 * @throws AppError not-found, precondition-failed.
 */
export async function setUserStatus(
  ctx: TenantContext,
  at: UserAt,
  status: UserRecord["status"],
): Promise<User> {
  const before = await userOf(ctx, at);
  return write(ctx, before, { ...before, status });
}

async function write(ctx: TenantContext, before: UserRecord, after: UserRecord): Promise<User> {
  if (Object.keys(changedFields(before, after)).length === 0) return toUser(before, ctx.now());
  const { User } = await getCentralModels();
  const saved = { ...after, version: before.version + 1, updatedAt: ctx.now() };
  const { matchedCount } = await refuseTwin(
    ctx,
    () =>
      User.updateOne({ _id: before._id, version: before.version }, { $set: changedFields(before, saved) }),
    saved,
  );
  if (matchedCount === 0)
    throw new AppError("conflict", "Somebody changed this user at the same moment. Read it and try again.");
  await tell(ctx, before, saved);
  return toUser(saved, ctx.now());
}

async function tell(ctx: TenantContext, before: UserRecord | null, after: UserRecord): Promise<void> {
  const { key, status, availability } = after;
  const changes = shownChanges(before && told(before), told(after));
  await commitChange(ctx, async (change) => {
    change.record({
      type: "user_updated",
      subject: {},
      data: {
        userId: key,
        action: before === null ? "created" : "updated",
        fields: before === null ? [] : Object.keys(changes),
        status,
        availability,
      },
      changes,
    });
  });
}

function told({ key, name, emailLower, status, availability, awayUntil }: UserRecord) {
  return {
    key,
    name,
    email: emailLower,
    status,
    availability,
    awayUntil: awayUntil && toTimestamp(awayUntil),
  };
}

async function refuseTwin<T>(ctx: TenantContext, write: () => Promise<T>, user: UserRecord): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    const { clientCode } = ctx;
    const { User } = await getCentralModels();
    const twin = await User.findOne({
      clientCode,
      $or: [{ key: user.key }, { emailLower: user.emailLower }],
    }).lean();
    throw new AppError(
      "duplicate",
      "A user has this key or e-mail address already. Change that one instead.",
      {
        cause: error,
        ...(twin ? { extensions: { userId: twin.key } } : {}),
      },
    );
  }
}

async function userOf(ctx: TenantContext, { id, ifMatch }: UserAt): Promise<UserRecord> {
  const { User } = await getCentralModels();
  const user = await User.findOne({ _id: new Types.ObjectId(id), clientCode: ctx.clientCode }).lean();
  if (!user) throw notFound("user");
  checkVersion(user, ifMatch, (current) => toUser(current, ctx.now()));
  return user;
}

function toUser(record: UserRecord, now: Date): User {
  const away = !isAvailable({ ...record, status: "active" }, now);
  return {
    id: record._id.toHexString(),
    version: record.version,
    key: record.key,
    name: record.name,
    email: record.emailLower,
    status: record.status,
    availability: away ? "away" : "available",
    awayUntil: away && record.awayUntil ? toTimestamp(record.awayUntil) : null,
    createdAt: toTimestamp(record.createdAt),
    updatedAt: toTimestamp(record.updatedAt),
  };
}
