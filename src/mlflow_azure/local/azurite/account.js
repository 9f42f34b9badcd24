// Makes Azurite answer as the host of one account, <account>.blob.core.windows.net, does: without the account in the
// path. It takes the account from a host name of that form, and on an IP address from the path, where azure-storage
// 0.36 (which MLflow 1.5.0 uses) loses it in the range requests of downloads over 32 MB. So every request gets a host
// name, whatever the address that it came by.
"use strict";

const { subscribe } = require("node:diagnostics_channel");

subscribe("http.server.request.start", ({ request }) => {
  request.headers.host = "devstoreaccount1.blob.localhost";
});
