"""Whether a system keeps its promises, judged by its databases and topics alone: `crm verify`, the oracle of tests."""
