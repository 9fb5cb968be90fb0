/** Everything the simulated Meta knows. One object, seeded from the options, and seeded again by a reset. */
import type { GraphOptions, TemplateCategory, TemplateStatus } from "../graph.options";
import { defaultTemplates } from "../templates/default.templates";
import { seedTemplate } from "../templates/template.store";
import { PersonDirectory } from "./person.directory";
import { defaultSettings, type Settings } from "./settings";

/** A Meta app: the secret that signs, and where its webhooks go. */
export interface MetaApp {
  id: string;
  secret: string;
  verifyToken: string;
  webhookUrl: string | undefined;
}

/** A callback address that a WABA or a number has instead of its app's. */
export interface CallbackOverride {
  url: string;
  verifyToken: string;
}

export interface PhoneNumber {
  kind: "number";
  id: string;
  wabaId: string;
  /** Digits only, as in webhooks. */
  display: string;
  verifiedName: string;
  token: string;
  app: MetaApp;
  callback: CallbackOverride | undefined;
  registered: boolean;
  quality: "GREEN" | "YELLOW" | "RED" | "UNKNOWN";
  throughput: "STANDARD" | "HIGH";
  /** Of the whole portfolio at Meta; here of each number. */
  messagingLimit: string;
}

export interface Waba {
  kind: "waba";
  id: string;
  /** Without a subscription no webhooks come. */
  subscribed: boolean;
  callback: CallbackOverride | undefined;
}

export interface Media {
  kind: "media";
  id: string;
  /** Undefined: uploaded through the controls and not yet sent to anybody. */
  phoneNumberId: string | undefined;
  mimeType: string;
  /** What the bytes really are, or undefined when that cannot be told. */
  sniffedType: string | undefined;
  /** Hex. */
  sha256: string;
  size: number;
  filename: string | undefined;
  /** After this the id is unknown: 30 days for uploads, 7 for what a customer sent. */
  expiresAtMs: number;
}

export interface Template {
  kind: "template";
  id: string;
  wabaId: string;
  name: string;
  language: string;
  category: TemplateCategory;
  previousCategory: TemplateCategory | undefined;
  parameterFormat: "POSITIONAL" | "NAMED";
  components: unknown[];
  ttlSeconds: number | undefined;
  status: TemplateStatus;
  quality: "GREEN" | "YELLOW" | "RED" | "UNKNOWN";
  qualityAtSeconds: number;
  rejectedReason: string;
  /** What a send of it answers as `message_status`. */
  messageStatus: "accepted" | "held_for_quality_assessment" | "paused";
  editedAtMs: number[];
}

export interface StatusEvent {
  status: string;
  code: number | undefined;
  /** Unix seconds in the webhook. */
  timestamp: number;
  sentAt: string;
  deliveryId: number | undefined;
}

/** A message we said 200 to. */
export interface AcceptedMessage {
  wamid: string;
  phoneNumberId: string;
  wabaId: string;
  /** As the caller wrote it. */
  input: string;
  waId: string | undefined;
  userId: string | undefined;
  recipientType: "individual" | "group";
  type: string;
  /** Pricing category: the template's, or service. */
  category: string;
  callbackData: string | undefined;
  acceptedAtMs: number;
  body: Record<string, unknown>;
  statuses: StatusEvent[];
}

/** A message that a customer sent, known so that it can be marked as read or reacted to. */
export interface InboundMessage {
  wamid: string;
  phoneNumberId: string;
  /** wa_id or user id of the sender. */
  from: string;
  atMs: number;
  readAtMs: number | undefined;
}

/** A resumable upload of a template's header example. */
export interface UploadSession {
  id: string;
  fileType: string;
  fileLength: number;
}

export type GraphNode = PhoneNumber | Waba | Media | Template | { kind: "app"; app: MetaApp };

export class World {
  readonly apps = new Map<string, MetaApp>();
  readonly numbers = new Map<string, PhoneNumber>();
  readonly wabas = new Map<string, Waba>();
  readonly media = new Map<string, Media>();
  readonly templates = new Map<string, Template>();
  readonly messages = new Map<string, AcceptedMessage>();
  readonly inbound = new Map<string, InboundMessage>();
  readonly uploads = new Map<string, UploadSession>();
  readonly revokedTokens = new Set<string>();
  /** (WABA, name) -> until when an approved, then deleted name is blocked, in ms. */
  readonly blockedTemplateNames = new Map<string, number>();
  /** Management calls per WABA, in ms, for the hourly limit. */
  readonly managementCalls = new Map<string, number[]>();
  /** Template creations per WABA, in ms, for the hourly limit. */
  readonly templateCreations = new Map<string, number[]>();
  people = new PersonDirectory();
  settings: Settings = defaultSettings();
  readonly app: MetaApp;

  constructor(private readonly options: GraphOptions) {
    this.app = {
      id: options.appId ?? "700800900100200",
      secret: options.appSecret,
      verifyToken: options.verifyToken,
      webhookUrl: options.webhookUrl,
    };
    this.seed();
  }

  /** Back to what the options say. The webhook address stays as it was last set. */
  reset(): void {
    for (const map of [this.apps, this.numbers, this.wabas, this.media, this.templates]) map.clear();
    for (const map of [this.messages, this.inbound, this.uploads]) map.clear();
    this.revokedTokens.clear();
    this.blockedTemplateNames.clear();
    this.templateCreations.clear();
    this.managementCalls.clear();
    this.people = new PersonDirectory();
    this.settings = defaultSettings();
    this.seed();
  }

  /** What an id stands for, as in Graph where every object is a node. */
  node(id: string): GraphNode | undefined {
    const app = this.apps.get(id);
    return (
      this.numbers.get(id) ??
      this.wabas.get(id) ??
      this.media.get(id) ??
      this.templates.get(id) ??
      (app ? { kind: "app", app } : undefined)
    );
  }

  numbersOf(wabaId: string): PhoneNumber[] {
    return [...this.numbers.values()].filter((number) => number.wabaId === wabaId);
  }

  templatesOf(wabaId: string): Template[] {
    return [...this.templates.values()].filter((template) => template.wabaId === wabaId);
  }

  private seed(): void {
    this.apps.set(this.app.id, this.app);
    for (const [index, option] of this.options.numbers.entries()) {
      this.numbers.set(option.phoneNumberId, {
        kind: "number",
        id: option.phoneNumberId,
        wabaId: option.wabaId,
        display: option.displayPhoneNumber.replace(/\D/g, ""),
        verifiedName: option.verifiedName,
        token: option.token,
        app:
          option.appSecret === undefined ? this.app : this.ownApp(index, option.appSecret, option.webhookUrl),
        callback: undefined,
        registered: true,
        quality: "GREEN",
        throughput: "STANDARD",
        messagingLimit: "TIER_2K",
      });
      if (this.wabas.has(option.wabaId)) continue;
      this.wabas.set(option.wabaId, {
        kind: "waba",
        id: option.wabaId,
        subscribed: true,
        callback: undefined,
      });
      for (const definition of this.options.templates ?? defaultTemplates) {
        const template = seedTemplate(option.wabaId, definition);
        this.templates.set(template.id, template);
      }
    }
  }

  private ownApp(index: number, secret: string, webhookUrl: string | undefined): MetaApp {
    const id = `${BigInt(this.app.id) + BigInt(index) + 1n}`;
    const app = { id, secret, verifyToken: this.options.verifyToken, webhookUrl };
    this.apps.set(id, app);
    return app;
  }
}
