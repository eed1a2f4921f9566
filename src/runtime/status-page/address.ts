// Where the status is served when the config says nothing. A file of its own: whoever asks needs nothing else of the listener.
export const STATUS_ADDRESS = '127.0.0.1:8686';
