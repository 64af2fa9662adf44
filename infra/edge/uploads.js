// CloudFront Functions, runtime 2.0, viewer request. Sends the POST of an archive to the upload gateway, because a function
// cannot receive a large body. Everything else at these paths goes to the API.
import cf from 'cloudfront';

const ARCHIVE = /^\/v1\/depot\/pkgs\/[^/]+\/[^/]+\/[^/]+\/[^/]+\/?$/;

function handler(event) {
    const request = event.request;
    if (request.method === 'POST' && ARCHIVE.test(request.uri)) {
        cf.selectRequestOriginById('gateway');
    }
    return request;
}
