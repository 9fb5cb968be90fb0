/**
 * Every model of the central database `services`. Schemas only: they are compiled by `getCentralModels`.
 * ADD A CENTRAL MODEL HERE.
 */
import { apiRateSchema } from "./api.rate.schema";
import { clientDataSourceSchema } from "./client.data.source.schema";
import { clientSchema } from "./client.schema";
import { jobMinuteSchema } from "./job.minute.schema";
import { jobPollerSchema, jobSchema } from "./job.schema";
import { jobSlotSchema, jobSteeringSchema } from "./job.steering.schema";
import {
  adminKeySchema,
  alertSchema,
  channelEndpointSchema,
  channelRouteSchema,
  platformAuditSchema,
  platformMarkSchema,
  quarantineSchema,
  tenantActivitySchema,
} from "./platform.schema";
import { secretSchema } from "./secret.schema";
import { userSchema } from "./user.schema";

export const centralSchemas = {
  AdminKey: adminKeySchema,
  Alert: alertSchema,
  ApiRate: apiRateSchema,
  ChannelEndpoint: channelEndpointSchema,
  ChannelRoute: channelRouteSchema,
  Client: clientSchema,
  ClientDataSource: clientDataSourceSchema,
  Job: jobSchema,
  JobMinute: jobMinuteSchema,
  JobPoller: jobPollerSchema,
  JobSlot: jobSlotSchema,
  JobSteering: jobSteeringSchema,
  PlatformAudit: platformAuditSchema,
  PlatformMark: platformMarkSchema,
  Quarantine: quarantineSchema,
  Secret: secretSchema,
  TenantActivity: tenantActivitySchema,
  User: userSchema,
};

export type CentralSchemas = typeof centralSchemas;
