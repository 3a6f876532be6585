"""The gRPC face of the server: messages in, messages out, no arithmetic."""
