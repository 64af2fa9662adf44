// CloudFront Functions, runtime 2.0, viewer response: tells hab the name of the archive it downloads, without which it
// fails (platform.md 4.3). The last segment of an object's key is that name. Answers of S3 with an error (and they have
// an archive's URI too) never reach this function in production; it passes them on unchanged all the same. A header holds
// ASCII only, so other characters stay encoded in the name.
function handler(event) {
    const response = event.response;
    const name = decoded(event.request.uri.split('/').pop());
    if (response.statusCode < 400 && name.endsWith('.hart')) {
        response.headers['x-filename'] = { value: name.replace(/[^ -~]+/g, encodeURIComponent) };
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
