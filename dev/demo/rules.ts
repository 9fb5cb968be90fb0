/** The rules that the demo creates, as a tenant would write them. */

export const welcomeRule = {
  name: "WhatsApp welcome",
  enabled: true,
  definition: {
    trigger: { event: "lead_created" },
    conditions: {
      all: [
        { field: "lead.phone", op: "exists" },
        { field: "lead.consent.whatsapp.optIn", op: "equals", value: true },
      ],
    },
    enrollment: { reentry: "never" },
    steps: [
      { id: "tag", type: "add_tag", tag: "whatsapp" },
      { id: "wait", type: "delay", duration: "PT2S" },
      {
        id: "hello",
        type: "send_template",
        template: "welcome",
        language: "en_US",
        variables: { first_name: '{{lead.firstName | default: "there"}}' },
      },
    ],
  },
};

export const proposalRule = {
  name: "Proposal stage",
  enabled: true,
  definition: {
    trigger: { event: "stage_enter", toStageKey: "proposal" },
    steps: [{ id: "tag", type: "add_tag", tag: "proposal_sent" }],
  },
};

export const appointmentRule = {
  name: "Appointment reminders",
  enabled: true,
  definition: {
    trigger: { event: "appointment_confirmed" },
    enrollment: { reentry: "every_event", key: "{{event.data.appointmentId}}" },
    exitOn: [{ event: "appointment_cancelled", match: "event.data.appointmentId" }],
    steps: [
      {
        id: "meeting",
        type: "create_meeting",
        title: "Appointment with {{lead.displayName}}",
        startsAt: "{{event.data.startsAt}}",
        duration: "PT30M",
        appointmentId: "{{event.data.appointmentId}}",
      },
      {
        id: "day_before",
        type: "delay",
        until: "{{event.data.startsAt}}",
        offset: "-PT24H",
        ifPast: "skip_next",
      },
      {
        id: "remind_day",
        type: "send_template",
        template: "appointment_reminder",
        language: "en_US",
        variables: { "1": "{{lead.firstName}}", "2": '{{event.data.startsAt | date: "dd/MM HH:mm"}}' },
      },
      {
        id: "hour_before",
        type: "delay",
        until: "{{event.data.startsAt}}",
        offset: "-PT1H",
        ifPast: "skip_next",
      },
      {
        id: "remind_hour",
        type: "send_template",
        template: "appointment_reminder",
        language: "en_US",
        variables: { "1": "{{lead.firstName}}", "2": '{{event.data.startsAt | date: "dd/MM HH:mm"}}' },
      },
    ],
  },
};
