// CloudFront Functions, runtime 2.0, viewer request. Tells the service the address of the client, for the limit of sign-in
// attempts. CloudFront's own headers with the address cannot be forwarded without the header Host, which a function URL
// refuses. A value that the client sent is replaced.
function handler(event) {
    const request = event.request;
    request.headers['x-bldr-viewer-address'] = { value: event.viewer.ip };
    return request;
}
