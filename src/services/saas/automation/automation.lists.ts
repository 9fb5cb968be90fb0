import { Types } from "mongoose";
import type { AutomationDecision, AutomationRun } from "../../../contracts/automation.run.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { type Page, pageOf } from "../../../lib/query/page";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AutomationRuleRecord } from "../../../model/saas/automation.rule.schema";
import type { AutomationDecisionRecord, RunStatus } from "../../../model/saas/automation.run.schema";
import { notArchived } from "./published.rules";
import { type AutomationRule, showRules } from "./rule.show";
import { toDecision, toRun } from "./run.service";

interface Paging {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Rules, newest first; deleted ones only when asked for. */
export async function listRules(
  ctx: TenantContext,
  query: Paging & {
    state?: AutomationRuleRecord["state"] | undefined;
    enabled?: boolean | undefined;
    trigger?: string | undefined;
  },
): Promise<Page<AutomationRule>> {
  const { AutomationRule } = await getCrmModels(ctx.clientCode);
  const { state, enabled, trigger } = query;
  const page = await pageOf(ctx, AutomationRule, {
    route: "listAutomations",
    query,
    filter: {
      state: state ?? notArchived,
      ...(enabled === undefined ? {} : { enabled }),
      ...(trigger === undefined ? {} : { triggerEvent: trigger }),
    },
    sort: { createdAt: -1, _id: -1 },
  });
  return { ...page, data: await showRules(ctx, page.data) };
}

/** A rule's runs, newest first. @throws AppError not-found when there is no such rule */
export async function listRuleRuns(
  ctx: TenantContext,
  query: Paging & { ruleId: string; status?: RunStatus | undefined },
): Promise<Page<AutomationRun>> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const ruleId = await existingRule(ctx, query.ruleId);
  const page = await pageOf(ctx, AutomationRun, {
    route: "listAutomationRuns",
    query,
    filter: { ruleId, ...(query.status ? { status: query.status } : {}) },
    sort: { startedAt: -1, _id: -1 },
  });
  return { ...page, data: page.data.map(toRun) };
}

/** A lead's runs, newest first. @throws AppError not-found when there is no such lead */
export async function listLeadRuns(
  ctx: TenantContext,
  query: Paging & { leadId: string },
): Promise<Page<AutomationRun>> {
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const page = await pageOf(ctx, AutomationRun, {
    route: "listLeadAutomationRuns",
    query,
    filter: { leadId: await existingLead(ctx, query.leadId) },
    sort: { startedAt: -1, _id: -1 },
  });
  return { ...page, data: page.data.map(toRun) };
}

/** What rules decided about a lead's events, newest first. @throws AppError not-found when there is no such lead */
export async function listDecisions(
  ctx: TenantContext,
  query: Paging & { leadId: string },
): Promise<Page<AutomationDecision>> {
  const { AutomationDecision } = await getCrmModels(ctx.clientCode);
  const page = await pageOf(ctx, AutomationDecision, {
    route: "listLeadAutomationDecisions",
    query,
    filter: { leadId: await existingLead(ctx, query.leadId) },
    sort: { at: -1, _id: -1 },
  });
  return { ...page, data: page.data.map(toDecision) };
}

/** What a rule decided about events, newest first. @throws AppError not-found when there is no such rule */
export async function listRuleDecisions(
  ctx: TenantContext,
  query: Paging & { ruleId: string; outcome?: AutomationDecisionRecord["outcome"] | undefined },
): Promise<Page<AutomationDecision>> {
  const { AutomationDecision } = await getCrmModels(ctx.clientCode);
  const ruleId = await existingRule(ctx, query.ruleId);
  const page = await pageOf(ctx, AutomationDecision, {
    route: "listAutomationDecisions",
    query,
    filter: { ruleId, ...(query.outcome ? { outcome: query.outcome } : {}) },
    sort: { at: -1, _id: -1 },
  });
  return { ...page, data: page.data.map(toDecision) };
}

async function existingRule(ctx: TenantContext, id: string): Promise<Types.ObjectId> {
  const { AutomationRule } = await getCrmModels(ctx.clientCode);
  const _id = new Types.ObjectId(id);
  if (!(await AutomationRule.exists({ _id }))) throw new AppError("not-found", "There is no such rule.");
  return _id;
}

async function existingLead(ctx: TenantContext, leadId: string): Promise<Types.ObjectId> {
  const { Lead } = await getCrmModels(ctx.clientCode);
  const _id = new Types.ObjectId(leadId);
  if (!(await Lead.exists({ _id }))) throw new AppError("not-found", "There is no such lead.");
  return _id;
}
