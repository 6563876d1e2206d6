// Imported before onnxruntime-node. From 1.29 on, onnxruntime outside Windows sends usage events to its maker unless
// told otherwise before it is loaded: it writes a device id and a queue of events under the user's cache folder and posts
// them. Decant sends nothing, and lets nothing it loads send. (github.com/microsoft/onnxruntime, pull requests 27379
// and 29843: the two names of the switch.)

process.env['ORT_DISABLE_TELEMETRY'] = '1';
process.env['ORT_TELEMETRY_DISABLED'] = '1';
