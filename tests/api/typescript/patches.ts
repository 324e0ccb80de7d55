// What a caller in TypeScript writes against our documents; that it compiles is what `make clients` tries.
import type { components as Catalog } from "./catalog";
import type { components as Clients } from "./clients";
import type { components as Deals } from "./deals";
import type { components as Leads } from "./leads";

// One field of every element, and nothing else.
export const lead: Leads["schemas"]["LeadPatch"] = { comments: "call back" };
export const deal: Deals["schemas"]["DealPatch"] = { comments: "call back" };
export const contact: Clients["schemas"]["ContactFieldsIn"] = { comments: "call back" };
export const company: Clients["schemas"]["CompanyFieldsIn"] = { comments: "call back" };
export const product: Catalog["schemas"]["ProductFieldsIn"] = { vat_rate: "19" };

// New records, and a correction by origin, of what their callers know.
export const newLead: Leads["schemas"]["LeadIn"] = { title: "Pumps", phones: [{ value: "030 901820" }] };
export const newDeal: Deals["schemas"]["DealIn"] = { title: "Pumps", rows: [{ name: "Pump", price: "12.50" }] };
export const known: Clients["schemas"]["ContactUpsertIn"] = { last_name: "Berg" };
