// CloudFront Functions, runtime 2.0, viewer response. Sets the header X-Filename to the name of the archive, because hab
// fails without it (platform.md 4.3). The name is the last segment of the object's key. CloudFront does not call this
// function for error responses of S3, but it passes them on unchanged in any case. A header may contain only ASCII, so
// other characters stay percent-encoded. So do path separators, because hab uses the name as a path.
function handler(event) {
    const response = event.response;
    const name = decoded(event.request.uri.split('/').pop());
    if (response.statusCode < 400 && name.endsWith('.hart')) {
        response.headers['x-filename'] = { value: name.replace(/[^ -~]+|[\\/]/g, encodeURIComponent) };
    }
    return response;
}

function decoded(segment) {
    try {
        return decodeURIComponent(segment);
    } catch (malformed) {
        return '';
    }
}
