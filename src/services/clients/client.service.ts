/** What the platform does with its clients, the tenants; one file each. Used by the admin routes and the commands. */
export { migrateClient, migrateEveryClient, rotateUri } from "./client.database.service";
export { revokeKey, rotateKey } from "./client.key.service";
export { createClient } from "./create.client.service";
export { offboardClient, offboardClientOnHost } from "./offboard.client.service";
export { getClient, listClients } from "./read.client.service";
export { resumeClient, suspendClient } from "./suspend.client.service";
