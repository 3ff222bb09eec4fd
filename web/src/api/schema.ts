// Made from docs/openapi.json by `npm run types`; not to be edited.

export interface paths {
    "/admin/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show key figures.
         * @description As JSON for charts. For operators; the view is recorded.
         */
        get: operations["get_figures"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/photos": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List everybody's photos.
         * @description Those that stand so, newest first. Without words and pictures. For operators; the view is recorded.
         */
        get: operations["list_photos_of_everybody"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/photos/{photo_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel anybody's photo.
         * @description Gives its place in the quota back. Twice gives the same answer. For operators.
         */
        post: operations["cancel_photo_of_anybody"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/photos/{photo_id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Try a failed photo again.
         * @description As if it had been asked for now; nothing is taken out of its person's quota, since what failed has been given back.
         *     A photo that is being made stays as it is. What the content was to blame for is not tried again. For operators.
         */
        post: operations["retry_photo"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/projections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the read models for operators.
         * @description As `GET /audit/projections`: how far each one is, and how far its rebuild. For operators; the view is recorded.
         */
        get: operations["list_projections_for_operators"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/projections/{name}/rebuild": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Rebuild a read model.
         * @description Its tables are filled again from the event log beside those that are read, and then swapped in; reads never stop. It
         *     goes on in the background: `GET /admin/projections` tells how far it is. Ordered again while it runs, or after it was
         *     interrupted, it goes on where it is. For operators.
         */
        post: operations["rebuild_projection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/reports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List everybody's reports.
         * @description Those that stand so, oldest first, each with its clock. For operators; the view is recorded.
         */
        get: operations["list_report_queue"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/reports/{report_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show a report with what it is about.
         * @description The picture or the message, and the person's words are shown, since somebody has to judge them. For operators; the view is recorded.
         */
        get: operations["get_reported_content"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/reports/{report_id}/decision": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Decide a report.
         * @description What is to be removed goes together with the decision, or the decision is not taken. The same decision twice gives the
         *     same answer. For operators.
         */
        post: operations["decide_report"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/users/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show how somebody's account stands.
         * @description Avatar, subscription, photos, reports, and how often their words were refused; none of their words and pictures.
         *     For operators; the view is recorded.
         */
        get: operations["get_user"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/users/{user_id}/erase": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Erase somebody.
         * @description For ever, in the person's stead: as `DELETE /me`. Whoever was erased before stays so. For operators; the order is
         *     recorded in the same append. An `Idempotency-Key` is not kept.
         */
        post: operations["erase_user"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the payment provider's messages.
         * @description Newest first, without their bodies. For operators; the view is recorded.
         */
        get: operations["list_webhooks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/webhooks/{webhook_id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Hand a message out again.
         * @description Whatever became of it. A message is only a hint: the worker asks the payment provider how its subscription stands
         *     now, so this never brings back the past. For operators.
         */
        post: operations["replay_webhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/aggregates/{type}/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List an aggregate's events.
         * @description Its whole history, oldest first. For auditors; the view is recorded.
         */
        get: operations["list_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/aggregates/{type}/{id}/state": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get an aggregate as it stood.
         * @description At a position of the log or at a time; now, when neither is given. It is folded from the events up to then, by the
         *     rules of this version. For auditors; the view is recorded.
         */
        get: operations["get_state"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/checkpoint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the newest signed checkpoint.
         * @description How many events the log has, and the root of the Merkle tree (RFC 6962) over them, signed with Ed25519: a C2SP
         *     tlog-checkpoint. Keep it: with it, any later change of what it covers can be proven. For auditors; the view is
         *     recorded.
         */
        get: operations["get_checkpoint"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List events.
         * @description In the order of the log, or newest first, as they are stored. Every event that was committed before the request is there: nothing has
         *     to be waited for. With `Accept: application/x-ndjson` all of them come at once, one a line, up to where the log ended
         *     when the request came; `limit`, `cursor` and `order` are for pages. An answer that cannot be completed breaks off: its last chunk is missing.
         *     For auditors; a view and an export are recorded.
         */
        get: operations["list_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/events/{position}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get an event.
         * @description With what its aggregate knew before and after it, and each field that differs. For auditors; the view is recorded.
         */
        get: operations["get_event"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/projections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the read models.
         * @description How far each one has followed the event log, whether it goes on, and what the last comparison with the log found.
         *     For auditors; the view is recorded.
         */
        get: operations["list_projections"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/proofs/consistency": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Prove that the log only ever grew.
         * @description A consistency proof (RFC 6962, section 2.1.2): hashes that lead from the root of the tree of `from` events and to that
         *     of `to` events, as two checkpoints sign them. For auditors; the view is recorded.
         */
        get: operations["prove_consistency"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/proofs/inclusion": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Prove that an event is in the log.
         * @description An inclusion proof (RFC 6962, section 2.1.1): hashes that lead from the event to the root of the tree of `size` events,
         *     as a checkpoint signs it. For auditors; the view is recorded.
         */
        get: operations["prove_inclusion"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/avatars": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Design the avatar.
         * @description Everybody has one. It starts without a picture: ask for one with `POST /avatars/me/reference-image`.
         *     Needs no subscription.
         */
        post: operations["create_avatar"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/avatars/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show the avatar.
         * @description 404 `avatar-not-found` means that this person has not designed one yet. With `as_of_position` or `as_of`: as it was
         *     answered then. The addresses of pictures are today's, also of those that were deleted since and are not there any more.
         */
        get: operations["get_avatar"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change the avatar.
         * @description Send the fields that change; the others stay. Pictures that exist do not change.
         */
        patch: operations["change_avatar"];
        trace?: never;
    };
    "/avatars/me/reference-image": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask for a reference picture.
         * @description The portrait that every later picture follows. Asking again makes another one; the earlier ones stay in
         *     `reference_history`, and the avatar follows whichever was approved last. Needs no subscription.
         *     `If-Match` takes the avatar's `ETag`.
         */
        post: operations["request_reference_image"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/avatars/me/reference-image/approval": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Approve a reference picture.
         * @description From then on the avatar's pictures follow it. Any delivered picture of `reference_history` can be approved.
         */
        post: operations["approve_reference_image"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/billing/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End the subscription.
         * @description With the current period: until then everything stays as it is. The survey may be skipped; no body at all counts as an
         *     empty one. Twice gives the same answer.
         */
        post: operations["cancel_subscription"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/billing/checkout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start a checkout.
         * @description Makes a page of the payment provider where the person can pay. The subscription opens when the provider
         *     confirms the payment, and not when the person comes back: watch `/updates`. A page that was made before can no
         *     longer be paid then.
         */
        post: operations["start_checkout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/billing/invoices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the invoices.
         * @description Newest first, as the payment provider has them now. Nobody else ever sees them; without a payment there are none.
         */
        get: operations["list_invoices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/billing/plans": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the plans.
         * @description They come from the service's configuration; amounts are in the currency's smallest unit.
         */
        get: operations["list_plans"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/billing/portal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Open the billing portal.
         * @description Makes a way into the payment provider's page where the person can change what they pay with, see their invoices,
         *     and end or change the subscription. Every request makes another one, whatever its `Idempotency-Key`, since none is
         *     good for long.
         */
        post: operations["open_portal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/billing/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Keep the subscription.
         * @description Takes back that it ends with its period, as long as the period lasts. Twice gives the same answer.
         */
        post: operations["resume_subscription"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/billing/subscription": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show the subscription.
         * @description Everybody has one; until the first payment its status is `none`. With `as_of_position` or `as_of`: as it was answered then;
         *     whether it was open is told for the moment of that event, or for that time.
         */
        get: operations["get_subscription"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/billing/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Look for news of the subscription.
         * @description Asks the payment provider how the subscription stands, for people who come back from its page before its message is
         *     here. Nothing is granted that the provider does not confirm; without a customer there is nothing to ask.
         */
        post: operations["sync_subscription"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/billing/webhook": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Receive a message of the payment provider.
         * @description For Stripe, with its signature instead of a token. 200 means that the message is durable, whatever its type;
         *     anything else means that it has to be sent again.
         */
        post: operations["receive_payment_message"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/chat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show the chat.
         * @description How the companion behaves, what has to be shown beside the conversation, and which messages wait for their reply.
         */
        get: operations["get_chat"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Turn to a mode.
         * @description The companion behaves so from the next message on. Each mode has its own conversation; what was said in one is not
         *     known in the other. Only in `intimate` it sends pictures.
         */
        patch: operations["change_chat"];
        trace?: never;
    };
    "/chat/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List messages.
         * @description Newest first, of both modes unless one is asked for.
         */
        get: operations["list_messages"];
        put?: never;
        /**
         * Say something.
         * @description In the mode of `GET /chat`. The reply arrives through `/updates`, word by word as `message-delta` and then as a
         *     `message`; a picture that it promises is in the message's `photo` at once and is drawn while the talk goes on. What the
         *     rules about content do not let the companion answer is taken, too: then a `system` message says what to do instead, and
         *     where help is.
         */
        post: operations["send_message"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dev/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign in for development.
         * @description A token for the person with that address; 410 for who was erased.  Exists in the development environment only; 404 anywhere else.
         */
        post: operations["issue_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Say that the service lives.
         * @description Touches nothing else: for a supervisor that restarts a process which does not answer.
         */
        get: operations["get_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Have oneself erased.
         * @description For ever: nobody can undo it. With the answer, the key that the person's data are sealed with is destroyed, and every
         *     command of theirs answers 410 `person-erased`, although their access token is still valid. Within moments pictures and
         *     whatever else was made from the data are gone, and a subscription that runs has ended. What remains: events that
         *     nobody can open, so that the log can still be proven, and the invoices at the payment provider.
         *
         *     The call itself is the confirmation: clients let the person type one before it. An `Idempotency-Key` is not kept.
         */
        delete: operations["erase_me"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/me/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Take all of one's data along.
         * @description Everything that is kept about the person, as one JSON object: the companion with its history, photos with addresses of
         *     their files (signed for one hour), messages, what they pay for and were charged, reports, and every event of theirs,
         *     opened. That it was taken along is recorded. The answer is streamed; one that cannot be completed breaks off and is
         *     no JSON then.
         */
        get: operations["export_me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Describe this API.
         * @description This document: OpenAPI 3.1.
         */
        get: operations["get_openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/photos": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List photos.
         * @description Newest first. For subscribers; `purpose=reference` alone needs no subscription. With `as_of_position` or `as_of`: as it was
         *     answered then, with those that were deleted since; the addresses of pictures are today's.
         */
        get: operations["list_photos"];
        put?: never;
        /**
         * Ask for a picture.
         * @description The avatar in a scene. It takes one picture out of the plan's quota, which comes back when the picture
         *     cannot be made. Needs an open subscription and an approved reference picture.
         */
        post: operations["request_photo"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/photos/{photo_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show a photo.
         * @description A reference picture is always shown, a picture of a scene to subscribers. With `as_of_position` or `as_of`: as it was
         *     answered then, also when it was deleted since; its addresses are today's, and lead nowhere then.
         */
        get: operations["get_photo"];
        put?: never;
        post?: never;
        /**
         * Delete a photo.
         * @description Its files go, its history stays. A photo that is still being made must be canceled first. Twice gives the same answer.
         */
        delete: operations["delete_photo"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/photos/{photo_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a photo.
         * @description Gives its place in the quota back. Twice gives the same answer.
         */
        post: operations["cancel_photo"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/photos/{photo_id}/image": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Fetch a photo's picture.
         * @description The address comes signed in the photo, so that it works in an `<img>` without a token, for one hour.
         *     One range of bytes can be asked for; several at once get the whole picture.
         */
        get: operations["get_image"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/problems": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List every kind of problem.
         * @description A page for people: each kind of problem that this API answers with, and what to do about it.
         */
        get: operations["problems_page"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/problems/{code}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Explain a kind of problem.
         * @description The page that `type` of a problem document points to: what it means, and what to do about it.
         */
        get: operations["problem_page"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/provenance/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask whether Ava made a picture.
         * @description For anybody, without a token. The answer says nothing about whose picture it is or when it was made, and the picture
         *     is forgotten once it was looked at.
         */
        post: operations["check_provenance"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Say whether the service can work.
         * @description For a balancer that sends requests to those who can serve them.
         */
        get: operations["get_ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/reports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List one's reports.
         * @description Newest first.
         */
        get: operations["list_reports"];
        put?: never;
        /**
         * Report something.
         * @description One of the person's own pictures, or something that they or their companion said. An operator looks at it within the time that `due_at` says. Reported again while it
         *     is open, the report stays as it is.
         */
        post: operations["file_report"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/reports/{report_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show one of one's reports.
         * @description It says what became of it as soon as an operator has decided.
         */
        get: operations["get_report"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/updates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow what changes.
         * @description Server-sent events. `event` is `avatar`, `photo`, `message`, `chat` or `subscription`; `data` is that resource as its GET
         *     gives it at the time of sending, and `{"id", "deleted": true}` for a photo that is gone. A picture of a scene comes
         *     without `image` while the subscription is closed. `id` is the position in the event log: a client that sends
         *     the last one it saw as `Last-Event-ID` gets everything after it, nothing twice; `0` replays everything. Without
         *     one the stream begins now: send the `Log-Position` of a command, or read the resources after the stream has begun.
         *
         *     While the companion answers, `message-delta` tells its words as they come. These events have no `id` and are told to
         *     whoever listens then, never again: `data` is a `MessageDelta` with all words of the reply so far. It replaces the one
         *     before, and the `message` with its `id`, or with its `in_reply_to`, replaces it.
         *
         *     One person may have eight streams open at a time: share one between tabs. A comment comes every 15 seconds. The stream
         *     ends after an hour, after ten seconds in which the client keeps it waiting and reads next to nothing, and whenever the service stops: reconnect.
         */
        get: operations["stream_updates"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/replicate/{photo_id}/{attempt}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Receive a message of the image provider.
         * @description For Replicate, with its signature (Standard Webhooks) instead of a token. 200 means that the message is durable; one
         *     that comes twice counts once. Anything else means that it has to be sent again.
         */
        post: operations["receive_prediction_message"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description How often the rules about content had to refuse somebody's words. */
        AccountConduct: {
            /**
             * Format: date-time
             * @description Until when nothing of theirs is judged; null when there is no pause.
             */
            cooling_down_until?: string | null;
            /** @description Whether it was so often that it led to a pause, at any time. */
            flagged: boolean;
            /**
             * Format: int32
             * @description How many of them broke a grave rule.
             */
            hard_refusals: number;
            /** Format: int32 */
            refusals: number;
        };
        /** @description What somebody pays for. */
        AccountSubscription: {
            /** Format: date-time */
            current_period_end?: string | null;
            /** @description Who they are at the payment provider. */
            customer_id?: string | null;
            /** Format: int32 */
            photos_limit: number;
            /** Format: int32 */
            photos_used: number;
            plan?: string | null;
            /** @description As the payment provider last said; null before it said anything. */
            status?: string | null;
        };
        /** @description Why a picture failed, in the worker's words. */
        AdminFailure: {
            code: components["schemas"]["FailureCode"];
            /** @description As the worker or the provider said it. */
            detail: string;
            /** @description Whether it can be tried again. */
            retryable: boolean;
        };
        /** @description How somebody's picture stands. */
        AdminPhoto: {
            /**
             * Format: int32
             * @description How many attempts at it were started.
             */
            attempts: number;
            /** Format: date-time */
            delivered_at?: string;
            /** @description Why there is none, when it failed. */
            failure?: components["schemas"]["AdminFailure"];
            /** Format: uuid */
            id: string;
            /**
             * Format: uuid
             * @description Whose it is.
             */
            owner: string;
            purpose: components["schemas"]["Purpose"];
            /** Format: date-time */
            requested_at: string;
            /** @description The rules about content that speak against it, when it was refused. */
            rules: string[];
            status: components["schemas"]["PhotoStatus"];
        };
        /** @description A page of photos. */
        AdminPhotoPage: {
            /** @description Newest first. */
            items: components["schemas"]["AdminPhoto"][];
            /** @description Where the next page begins; null on the last one. */
            next_cursor: string | null;
        };
        /** @description A report as operators see it. */
        AdminReport: components["schemas"]["Report"] & {
            /** @description Who decided it, as `operator:<id>`; null while it is open. */
            decided_by?: string | null;
            /** @description What the operator said about the decision; null without any. */
            note?: string | null;
            /** @description Whether it waits for longer than was promised. */
            overdue: boolean;
            /**
             * Format: uuid
             * @description Who filed it, and whose it is.
             */
            owner: string;
        };
        /** @description An aggregate as it stood at a point of the log. */
        AggregateState: {
            aggregate_id: string;
            /** @example Avatar */
            aggregate_type: string;
            /**
             * Format: int64
             * @description The point that is told of: all events up to and including this one, of whatever aggregate.
             */
            as_of_position: number;
            /**
             * Format: int64
             * @description The last event of this aggregate by then.
             */
            position: number;
            /**
             * Format: date-time
             * @description When that event was recorded.
             */
            recorded_at: string;
            /**
             * Format: int64
             * @description The same event's place in its history.
             */
            sequence: number;
            /** @description What the aggregate knew, which is what its next command would have been decided on. */
            state: unknown;
        };
        /** @description A reference picture to be approved. */
        ApproveReferenceImage: {
            /**
             * Format: uuid
             * @description One of the avatar's delivered reference pictures.
             */
            photo_id: string;
        };
        /** @description A person's one companion. */
        Avatar: {
            /**
             * Format: int32
             * @description In years.
             */
            age: number;
            /** @description What the companion looks like. */
            appearance: string;
            /** Format: date-time */
            created_at: string;
            gender: string;
            /** Format: uuid */
            id: string;
            /** @description What the companion is called. */
            name: string;
            nationality: string;
            personality: components["schemas"]["Personality"];
            /** @description The delivered reference pictures that were not deleted, in the order of delivery. */
            reference_history: components["schemas"]["ReferenceHistoryEntry"][];
            reference_image: components["schemas"]["ReferenceImage"];
            /** Format: date-time */
            updated_at: string;
        };
        /** @description The fields of an avatar that change; the others stay. */
        AvatarChanges: {
            /**
             * Format: int32
             * @description In years. Nobody younger than 20 exists in this system.
             */
            age?: number;
            /** @description What the companion looks like, in the person's words. */
            appearance?: string;
            /** @description In the person's words. */
            gender?: string;
            /** @description What the companion is called. */
            name?: string;
            /** @description In the person's words. */
            nationality?: string;
            personality?: components["schemas"]["Personality"];
        };
        /** @description The end of a subscription. */
        Cancellation: {
            survey?: components["schemas"]["Survey"] | null;
        };
        /**
         * @description Why somebody ends a subscription.
         * @enum {string}
         */
        CancellationReason: "too_expensive" | "missing_features" | "switched_service" | "unused" | "customer_service" | "too_complex" | "low_quality" | "other";
        /** @description The chat: how the companion behaves, and what stands beside the conversation. */
        Chat: {
            disclosure: components["schemas"]["Disclosure"];
            mode: components["schemas"]["ChatMode"];
            /** @description The messages of this mode that wait for their reply, oldest first. */
            unanswered: string[];
        };
        /** @description How the companion should behave from now on. */
        ChatChanges: {
            mode: components["schemas"]["ChatMode"];
        };
        /**
         * @description How the companion behaves: as a good friend; or affectionate and romantic, never explicit.
         * @enum {string}
         */
        ChatMode: "friendly" | "intimate";
        /**
         * @description `disabled`: not configured, and so not needed.
         * @enum {string}
         */
        Check: "ok" | "degraded" | "down" | "disabled";
        /** @description A page where a person can pay. */
        Checkout: {
            /**
             * Format: uri
             * @description Send the person there.
             */
            checkout_url: string;
            /** @description The payment provider's id of it. */
            session_id: string;
        };
        /** @description How each thing stands that the service needs. */
        Checks: {
            postgres: components["schemas"]["Check"];
            projections: components["schemas"]["Check"];
            redis: components["schemas"]["Check"];
            /** @description The database's replica, which answers reads. */
            replica: components["schemas"]["Check"];
            storage: components["schemas"]["Check"];
        };
        /**
         * @description Why operations for subscribers are not allowed.
         * @enum {string}
         */
        ClosedReason: "none" | "payment_incomplete" | "incomplete_expired" | "payment_past_due" | "unpaid" | "paused" | "canceled";
        /** @description That the first so many events are still the beginning of more. */
        ConsistencyProof: {
            /**
             * Format: int64
             * @description How many events the earlier tree has.
             */
            from: number;
            /** @description In the order of RFC 6962, in hexadecimal. */
            hashes: string[];
            /**
             * Format: int64
             * @description How many events the later tree has.
             */
            to: number;
        };
        /** @description How many there are of a kind. */
        Count: {
            /** Format: int64 */
            count: number;
            status: string;
        };
        /** @description Why the companion cannot send the picture that it wanted to send. */
        Declined: {
            /** @description For people. */
            detail: string;
            reason: components["schemas"]["DeclinedReason"];
        };
        /**
         * @description Why a picture cannot be sent.
         * @enum {string}
         */
        DeclinedReason: "content_refused" | "quota_exhausted" | "avatar_not_ready" | "misunderstood";
        /** @description That the companion is an AI: a client shows it beside every conversation. */
        Disclosure: {
            /**
             * @description A few words that are always in sight.
             * @example AI companion: not a human being
             */
            badge: string;
            /**
             * @description What the companion says before anything else: a client shows it while the conversation is empty. The first message
             *     of each day puts it on record, as a `system` message of the kind `disclosure`. Missing while there is no avatar.
             */
            text?: string;
        };
        /** @description An event, and what it changed. */
        EventDetail: components["schemas"]["LoggedEvent"] & {
            /** @description Every field that it changed, in the order of their names and of lists. */
            changes: components["schemas"]["FieldChange"][];
            /**
             * @description The hash of its record as it is stored now (`docs/AUDIT.md`), in hexadecimal: a proof that it is in the log is
             *     about this one.
             */
            leaf_hash: string;
            /** @description What the aggregate knew right after it. */
            state_after: unknown;
            /** @description What the aggregate knew without it; null when it began with this event. */
            state_before: unknown;
            /** @description Why both states are null: this version cannot read the history. */
            state_error?: string;
        };
        /** @description Who caused it, and through what; byte for byte as it was written. */
        EventMetadata: {
            /** @description `user:…`, `operator:…` or `auditor:…` with an id, `reaction:…` or `provider:…` with a name. */
            actor: string;
            /**
             * Format: uuid
             * @description The event or the request that it follows from.
             */
            causation_id: string;
            /**
             * @description The command's name.
             * @example CreateAvatar
             */
            command: string;
            /**
             * Format: uuid
             * @description One id for everything that followed from one request.
             */
            correlation_id: string;
            /** @description What made a reaction's or a provider's command execute once: its cause's id. */
            idempotency_key?: string;
            /** @description SHA-256 of whose the `Idempotency-Key` is (as `user:…`), a NUL byte and the key, in hexadecimal. */
            idempotency_key_sha256?: string;
            /**
             * Format: uuid
             * @description The user whom it belongs to.
             */
            owner: string;
            /** @description The hash of the rules that judged its words. */
            policy_pack?: string;
            /** @description The W3C trace id of the request. */
            trace_id?: string;
        };
        /** @description A page of events. */
        EventPage: {
            /** @description In the order of the log, or the newest first. */
            items: components["schemas"]["LoggedEvent"][];
            /** @description The position behind which the next page begins; null on the last one. */
            next_cursor: string | null;
        };
        /** @description Where the person stands in the chat. */
        ExportedChat: {
            mode: components["schemas"]["ChatMode"];
        };
        /** @description Who takes it along. */
        ExportedPerson: {
            /** @description As the access token has it; it is kept nowhere else. */
            email?: string | null;
            /** Format: uuid */
            id: string;
        };
        /** @description Why there is no picture. */
        Failure: {
            /**
             * @description `transient`: the drawing service stumbled. `content`: the content is against the rules. `operator`: we have
             *     to mend something. `deadline`: it took too long.
             */
            code: components["schemas"]["FailureCode"];
            /** @description For people. */
            detail: string;
            /** @description Whether asking for the same again may succeed. */
            retryable: boolean;
        };
        /**
         * @description Why a picture could not be made.
         * @enum {string}
         */
        FailureCode: "transient" | "content" | "operator" | "deadline";
        /** @description A field that an event changed. */
        FieldChange: {
            /** @description What stands there now; left out when there is no such field any more. */
            after?: unknown;
            /** @description What stood there; left out when there was no such field. */
            before?: unknown;
            /**
             * @description Where, as a JSON pointer (RFC 6901). A state that is one of several kinds is written as `{"Generating": {…}}` or
             *     `"Absent"`: then `/kind` stands for which one it is, and the other pointers lead into what it holds.
             * @example /approved
             */
            path: string;
        };
        /** @description One thing that is not valid. Exactly one of `pointer`, `parameter` and `header` says where. */
        FieldError: {
            /**
             * @description What to send instead.
             * @example must be a whole number from 20 to 120
             */
            detail: string;
            /** @description The header. */
            header?: string;
            /** @description The query parameter. */
            parameter?: string;
            /**
             * @description The place in the body, as a JSON pointer (RFC 6901).
             * @example /age
             */
            pointer?: string;
        };
        /** @description Key figures, as of now. */
        Figures: {
            /** @description Pictures delivered in each of the last 24 hours; an hour without any is left out. */
            deliveries: components["schemas"]["Hour"][];
            /** @description How far each follower of the event log is behind. */
            lag: components["schemas"]["Lag"][];
            /**
             * Format: int64
             * @description The position of the event log's last event.
             */
            log_position: number;
            /** Format: date-time */
            measured_at: string;
            /** @description How many photos stand how. */
            photos: components["schemas"]["Count"][];
            queue: components["schemas"]["Queue"];
            reports: components["schemas"]["ReportFigures"];
            /** @description How many subscriptions stand how. */
            subscriptions: components["schemas"]["Count"][];
            webhooks: components["schemas"]["WebhookFigures"];
        };
        /** @description What is not a long list. */
        Head: {
            avatar?: components["schemas"]["Avatar"] | null;
            chat: components["schemas"]["ExportedChat"];
            /**
             * Format: date-time
             * @description When.
             */
            exported_at: string;
            /** @description Newest first; null when the payment provider, who keeps them, does not answer. */
            invoices?: components["schemas"]["Invoice"][] | null;
            /**
             * Format: int64
             * @description Up to which event everything is in it.
             */
            log_position: number;
            person: components["schemas"]["ExportedPerson"];
            refusals: components["schemas"]["Refusals"];
            /** @description Newest first. */
            reports: components["schemas"]["Report"][];
            subscription: components["schemas"]["Subscription"];
        };
        /** @description The service lives. */
        Health: {
            /** @example ok */
            status: string;
        };
        /** @description How many there were in an hour. */
        Hour: {
            /** Format: int64 */
            count: number;
            /**
             * Format: date-time
             * @description When it began.
             */
            hour: string;
        };
        /** @description That an event is among the first so many. */
        InclusionProof: {
            /** @description From the leaf to the root, in hexadecimal. */
            hashes: string[];
            /** @description The hash of the event's record, in hexadecimal. */
            leaf_hash: string;
            /**
             * Format: int64
             * @description The event; position 1 is leaf 0.
             */
            position: number;
            /**
             * Format: int64
             * @description How many events the tree has.
             */
            size: number;
        };
        /** @description An event that came in between. */
        InterveningEvent: {
            /**
             * @description What happened.
             * @example ProfileChanged
             */
            event_type: string;
            /**
             * Format: int64
             * @description Its place in the event log.
             * @example 41
             */
            position: number;
            /**
             * Format: date-time
             * @description When it was committed.
             */
            recorded_at: string;
        };
        /** @description What somebody was charged for one period. */
        Invoice: {
            /**
             * Format: int64
             * @description What is, or was, to be paid, in the currency's smallest unit (cents).
             */
            amount_due: number;
            /**
             * Format: int64
             * @description What was paid of it.
             */
            amount_paid: number;
            /** Format: date-time */
            created_at: string;
            /**
             * @description ISO 4217, lower case.
             * @example eur
             */
            currency: string;
            /** @description The payment provider's id. */
            id: string;
            /** @description What people know it by, once it is final. */
            number?: string;
            /**
             * Format: uri
             * @description Where the person can see it, and pay it while it is open.
             */
            page_url?: string;
            /** Format: uri */
            pdf_url?: string;
            /**
             * Format: date-time
             * @description The end of what it is for.
             */
            period_end: string;
            /**
             * Format: date-time
             * @description The beginning of what it is for.
             */
            period_start: string;
            status: components["schemas"]["InvoiceStatus"];
        };
        /** @description A page of invoices. */
        InvoicePage: {
            /** @description Newest first. */
            items: components["schemas"]["Invoice"][];
            /** @description Where the next page begins; null on the last one. */
            next_cursor: string | null;
        };
        /**
         * @description Where an invoice stands, in the payment provider's words.
         * @enum {string}
         */
        InvoiceStatus: "draft" | "open" | "paid" | "uncollectible" | "void";
        /** @description How far a follower is behind. */
        Lag: {
            /** Format: int64 */
            events: number;
            name: string;
            /** Format: double */
            seconds: number;
            state: components["schemas"]["ProjectionState"];
        };
        /** @description An event as it is stored, in the shape and with the names of the time when it was written. */
        LoggedEvent: {
            /**
             * @description Which one: the user's id for an avatar, a conduct and a subscription, the photo's for a photo request, the
             *     reported thing's for a report, `user.mode.day` for a conversation, `day.user` for a stewardship.
             */
            aggregate_id: string;
            /**
             * @description The type of what it happened to.
             * @example Avatar
             */
            aggregate_type: string;
            /** Format: uuid */
            event_id: string;
            /** @example AvatarCreated */
            event_type: string;
            /**
             * @description The version of its shape.
             * @example 1
             */
            event_version: string;
            metadata: components["schemas"]["EventMetadata"];
            /** @description What happened, byte for byte as it was written. */
            payload: Record<string, never>;
            /**
             * Format: int64
             * @description Its place in the log: 1, 2, 3 … without gaps.
             */
            position: number;
            /** Format: date-time */
            recorded_at: string;
            /**
             * Format: int64
             * @description Its place in the history of that one: 1, 2, 3 … without gaps.
             */
            sequence: number;
        };
        /**
         * @description `yes`: proven by the bytes or by a signature over them. `likely`: it looks so, but what speaks for it could be copied
         *     onto another picture. `unknown`: nothing speaks for it, which proves nothing: marks can be cut off, metadata stripped.
         * @enum {string}
         */
        MadeByAva: "yes" | "likely" | "unknown";
        /**
         * @description `ours`: Ava signed exactly this picture. `ours_changed`: Ava signed the manifest, but picture or manifest was changed
         *     since, or the manifest was put on another picture. `foreign`: somebody else signed it, or nobody truly did.
         *     `unreadable`: it cannot be understood. `none`: there is none. `not_read`: this installation reads none.
         * @enum {string}
         */
        ManifestEvidence: "ours" | "ours_changed" | "foreign" | "unreadable" | "none" | "not_read";
        /** @description Something that was said. */
        Message: {
            /** Format: date-time */
            created_at: string;
            /** @description Why the picture does not come that the companion wanted to send. */
            declined?: components["schemas"]["Declined"];
            /** Format: uuid */
            id: string;
            /**
             * Format: uuid
             * @description The person's message that it answers: a turn has one answer, the companion's or one of the `system`.
             */
            in_reply_to?: string;
            /** @description What a `system` message is about. */
            kind?: components["schemas"]["MessageKind"];
            /** @description In which mode it was said. */
            mode: components["schemas"]["ChatMode"];
            /** @description The picture that the companion promises in it, from `requested` on; left out once it was deleted. */
            photo?: components["schemas"]["Photo"];
            role: components["schemas"]["MessageRole"];
            /** @description The words; empty for a reply that is only a picture. */
            text: string;
        };
        /**
         * @description A reply as far as it was said: the `data` of a `message-delta`. Each one replaces the one before; the message of the
         *     same `id`, or a `system` message that answers the same message, replaces them all. It is on no record.
         */
        MessageDelta: {
            /**
             * Format: uuid
             * @description The id that the reply will have.
             */
            id: string;
            /**
             * Format: uuid
             * @description The person's message that is being answered.
             */
            in_reply_to: string;
            mode: components["schemas"]["ChatMode"];
            /** @description All words so far. */
            text: string;
        };
        /** @description The message is kept. */
        MessageKept: {
            received: boolean;
        };
        /**
         * @description What the service says something about. `crisis`: where help is. `stop`: the companion does not go there. `break`: it
         *     has been long. `disclosure`: the companion is an AI. `reply_failed`: there is no reply. `photo_withheld`: a promised
         *     picture does not come.
         * @enum {string}
         */
        MessageKind: "crisis" | "stop" | "break" | "disclosure" | "reply_failed" | "photo_withheld";
        /** @description A page of messages. */
        MessagePage: {
            /** @description Newest first. */
            items: components["schemas"]["Message"][];
            /** @description Where the next page begins; null on the last one. */
            next_cursor: string | null;
        };
        /**
         * @description Who says something: the person, the companion, or the service itself.
         * @enum {string}
         */
        MessageRole: "user" | "avatar" | "system";
        /** @description An avatar to be designed. */
        NewAvatar: {
            /**
             * Format: int32
             * @description In years. Nobody younger than 20 exists in this system.
             */
            age: number;
            /** @description What the companion looks like, in the person's words. */
            appearance: string;
            /** @description In the person's words. */
            gender: string;
            /** @description What the companion is called. */
            name: string;
            /** @description In the person's words. */
            nationality: string;
            personality: components["schemas"]["Personality"];
        };
        /** @description A plan to be paid. */
        NewCheckout: {
            /** @description The id of one of the plans. */
            plan: string;
        };
        /** @description An answer to a report. */
        NewDecision: {
            decision: components["schemas"]["ReportDecision"];
            /** @description For other operators; may be left out. */
            note?: string | null;
        };
        /** @description Something that the person says. */
        NewMessage: {
            /** @description In the person's words. */
            text: string;
        };
        /** @description A picture that is wished for. */
        NewPhoto: {
            /** @description What the picture should show, in the person's words. */
            scene: string;
        };
        /** @description Something that is reported. */
        NewReport: {
            reason: components["schemas"]["ReportReason"];
            subject: components["schemas"]["ReportSubject"];
            /** @description In the person's own words; may be left out. */
            text?: string | null;
        };
        /** @description An event as it was written, with what is personal in it opened. */
        OwnEvent: {
            aggregate_id: string;
            aggregate_type: string;
            event_type: string;
            event_version: string;
            metadata: unknown;
            payload: unknown;
            /** Format: int64 */
            position: number;
            /** Format: date-time */
            recorded_at: string;
            /** Format: int64 */
            sequence: number;
        };
        /** @description An event of the payment provider's, in its own shape. */
        PaymentMessage: {
            /**
             * Format: int64
             * @description When the provider made it, in seconds since 1970.
             */
            created: number;
            /** @description What it is about, in the provider's own shape. */
            data: unknown;
            /** @description Unique; a message that comes twice counts once. */
            id: string;
            /** @description Always `event`. */
            object: string;
            /** @description As `invoice.paid`. Unknown types are kept and ignored. */
            type: string;
        };
        /** @description All that is kept about a person. */
        PersonalData: components["schemas"]["Head"] & {
            /** @description Every event of theirs in the log, as it was written, grouped by what it happened to. */
            events: components["schemas"]["OwnEvent"][];
            /** @description What was said, newest first. */
            messages: components["schemas"]["Message"][];
            /** @description Newest first, those of every purpose. Addresses are signed for one hour. */
            photos: components["schemas"]["Photo"][];
        };
        /**
         * @description How the companion behaves.
         * @enum {string}
         */
        Personality: "playful" | "dominant" | "shy" | "caring" | "intellectual" | "adventurous";
        /** @description One picture, from wish to delivery. */
        Photo: {
            /**
             * Format: int32
             * @description How many attempts at it were started.
             */
            attempts: number;
            /** Format: date-time */
            delivered_at?: string;
            /** @description Why there is none, when it failed or was refused. */
            failure?: components["schemas"]["Failure"];
            /** Format: uuid */
            id: string;
            /** @description The picture, once it is delivered. */
            image?: components["schemas"]["PhotoImage"];
            purpose: components["schemas"]["Purpose"];
            /** Format: date-time */
            requested_at: string;
            /** @description What it should show, in the person's words; null for a reference picture. */
            scene: string | null;
            status: components["schemas"]["PhotoStatus"];
        };
        /** @description A delivered picture. */
        PhotoImage: {
            /**
             * Format: int64
             * @description The picture's size in bytes.
             */
            bytes: number;
            /**
             * Format: int32
             * @description In pixels.
             */
            height: number;
            /** @example image/jpeg */
            media_type: string;
            /** @description SHA-256 of the picture's bytes, in hex. */
            sha256: string;
            /** @description Signed, good for one hour. */
            thumbnail_url: string;
            /** @description Signed, good for one hour. */
            url: string;
            /**
             * Format: int32
             * @description In pixels.
             */
            width: number;
        };
        /** @description A page of photos. */
        PhotoPage: {
            /** @description Newest first. */
            items: components["schemas"]["Photo"][];
            /** @description Where the next page begins; null on the last one. */
            next_cursor: string | null;
        };
        /**
         * @description How far a picture is.
         * @enum {string}
         */
        PhotoStatus: "requested" | "generating" | "delivered" | "failed" | "refused" | "canceled";
        /**
         * Format: binary
         * @description A picture's bytes as they are.
         */
        PictureBytes: string;
        /** @description Something that can be subscribed to. */
        Plan: {
            id: string;
            /** @description For people. */
            name: string;
            /**
             * Format: int32
             * @description Pictures per period.
             */
            photos_per_period: number;
            price: components["schemas"]["Price"];
            /**
             * Format: int32
             * @description Days before the first payment; 0 for none.
             */
            trial_days: number;
        };
        /**
         * @description How often a plan is paid.
         * @enum {string}
         */
        PlanInterval: "day" | "week" | "month" | "year";
        /** @description What can be subscribed to. */
        PlanList: {
            items: components["schemas"]["Plan"][];
        };
        /** @description A way into the payment provider's page. */
        Portal: {
            /**
             * Format: uri
             * @description Send the person there at once; it is good for a short time only.
             */
            portal_url: string;
        };
        /** @description A prediction of Replicate's, in its own shape. Only what is listed here is read, and nothing of it is kept but that. */
        PredictionMessage: {
            /** @description The prediction's id. */
            id: string;
            /** @description As `succeeded`. Whatever it says, the worker asks Replicate itself. */
            status: string;
        };
        /** @description What a plan costs. */
        Price: {
            /**
             * Format: int32
             * @description In the currency's smallest unit (cents).
             */
            amount: number;
            /**
             * @description ISO 4217, lower case.
             * @example eur
             */
            currency: string;
            /** @description How often it is paid. */
            interval: components["schemas"]["PlanInterval"];
        };
        /**
         * Problem
         * @description Why a request was not carried out (RFC 9457). Clients switch on `code`.
         * @example {
         *       "code": "invalid-json",
         *       "detail": "expected `,` or `}` at line 3 column 5",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 400,
         *       "title": "The body is not JSON",
         *       "type": "/problems/invalid-json"
         *     }
         * @example {
         *       "code": "invalid-parameter",
         *       "detail": "1 parameter is not valid",
         *       "errors": [
         *         {
         *           "detail": "must be a whole number from 1 to 100",
         *           "parameter": "limit"
         *         }
         *       ],
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 400,
         *       "title": "A parameter or header is malformed",
         *       "type": "/problems/invalid-parameter"
         *     }
         * @example {
         *       "code": "invalid-signature",
         *       "detail": "the signature does not match",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 400,
         *       "title": "The signature is not valid",
         *       "type": "/problems/invalid-signature"
         *     }
         * @example {
         *       "code": "unauthenticated",
         *       "detail": "send an access token as \"Authorization: Bearer <token>\"",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 401,
         *       "title": "Sign in first",
         *       "type": "/problems/unauthenticated"
         *     }
         * @example {
         *       "code": "subscription-required",
         *       "detail": "there is no subscription",
         *       "portal_available": false,
         *       "reason": "none",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 402,
         *       "subscribe_url": "https://ava.example/subscribe",
         *       "title": "A subscription is needed",
         *       "type": "/problems/subscription-required"
         *     }
         * @example {
         *       "code": "payment-incomplete",
         *       "detail": "the first payment is not complete",
         *       "portal_available": true,
         *       "reason": "payment_incomplete",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 402,
         *       "subscribe_url": "https://ava.example/subscribe",
         *       "title": "The first payment is not complete",
         *       "type": "/problems/payment-incomplete"
         *     }
         * @example {
         *       "code": "payment-past-due",
         *       "detail": "the payment is overdue and the days of grace are over",
         *       "portal_available": true,
         *       "reason": "payment_past_due",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 402,
         *       "subscribe_url": "https://ava.example/subscribe",
         *       "title": "The payment is overdue",
         *       "type": "/problems/payment-past-due"
         *     }
         * @example {
         *       "code": "subscription-unpaid",
         *       "detail": "the subscription is unpaid",
         *       "portal_available": true,
         *       "reason": "unpaid",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 402,
         *       "subscribe_url": "https://ava.example/subscribe",
         *       "title": "The subscription is unpaid",
         *       "type": "/problems/subscription-unpaid"
         *     }
         * @example {
         *       "code": "subscription-paused",
         *       "detail": "the trial ended without a means of payment",
         *       "portal_available": true,
         *       "reason": "paused",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 402,
         *       "subscribe_url": "https://ava.example/subscribe",
         *       "title": "The subscription is paused",
         *       "type": "/problems/subscription-paused"
         *     }
         * @example {
         *       "code": "photo-quota-exhausted",
         *       "detail": "all 60 pictures of this period are used",
         *       "portal_available": true,
         *       "reason": "quota_exhausted",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 402,
         *       "subscribe_url": "https://ava.example/subscribe",
         *       "title": "All pictures of this period are used",
         *       "type": "/problems/photo-quota-exhausted"
         *     }
         * @example {
         *       "code": "image-url-expired",
         *       "detail": "this address was good until 2026-11-22T15:00:00Z; read the photo again for a fresh one",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 403,
         *       "title": "The picture's address has expired",
         *       "type": "/problems/image-url-expired"
         *     }
         * @example {
         *       "code": "image-url-invalid",
         *       "detail": "this address was not made by this service",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 403,
         *       "title": "The picture's address is not valid",
         *       "type": "/problems/image-url-invalid"
         *     }
         * @example {
         *       "code": "role-required",
         *       "detail": "the access token does not name the role \"auditor\"",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 403,
         *       "title": "This needs a role",
         *       "type": "/problems/role-required"
         *     }
         * @example {
         *       "code": "not-found",
         *       "detail": "no operation has this path",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 404,
         *       "title": "There is nothing here",
         *       "type": "/problems/not-found"
         *     }
         * @example {
         *       "code": "avatar-not-found",
         *       "detail": "there is no avatar yet; create it first",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 404,
         *       "title": "There is no avatar yet",
         *       "type": "/problems/avatar-not-found"
         *     }
         * @example {
         *       "code": "photo-not-found",
         *       "detail": "there is no such photo",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 404,
         *       "title": "There is no such photo",
         *       "type": "/problems/photo-not-found"
         *     }
         * @example {
         *       "code": "report-subject-not-found",
         *       "detail": "there is nothing of yours with this id",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 404,
         *       "title": "There is nothing to report",
         *       "type": "/problems/report-subject-not-found"
         *     }
         * @example {
         *       "code": "report-not-found",
         *       "detail": "there is no such report",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 404,
         *       "title": "There is no such report",
         *       "type": "/problems/report-not-found"
         *     }
         * @example {
         *       "code": "user-not-found",
         *       "detail": "nobody with this id is known",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 404,
         *       "title": "There is no such person",
         *       "type": "/problems/user-not-found"
         *     }
         * @example {
         *       "code": "projection-not-found",
         *       "detail": "no read model has this name",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 404,
         *       "title": "There is no such read model",
         *       "type": "/problems/projection-not-found"
         *     }
         * @example {
         *       "code": "checkpoint-not-found",
         *       "detail": "no checkpoint was signed yet",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 404,
         *       "title": "No checkpoint was signed yet",
         *       "type": "/problems/checkpoint-not-found"
         *     }
         * @example {
         *       "code": "tree-too-small",
         *       "detail": "the tree has 42 events so far",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 404,
         *       "title": "The tree has not so many events",
         *       "type": "/problems/tree-too-small"
         *     }
         * @example {
         *       "code": "webhook-not-found",
         *       "detail": "there is no message with this id",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 404,
         *       "title": "There is no such message",
         *       "type": "/problems/webhook-not-found"
         *     }
         * @example {
         *       "code": "event-not-found",
         *       "detail": "the event log ends at 41",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 404,
         *       "title": "There is no such event",
         *       "type": "/problems/event-not-found"
         *     }
         * @example {
         *       "code": "aggregate-not-found",
         *       "detail": "nothing had happened to it by position 41",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 404,
         *       "title": "There is no such aggregate",
         *       "type": "/problems/aggregate-not-found"
         *     }
         * @example {
         *       "code": "customer-not-found",
         *       "detail": "the payment provider does not know this person yet",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 404,
         *       "title": "There is nothing to manage yet",
         *       "type": "/problems/customer-not-found"
         *     }
         * @example {
         *       "code": "method-not-allowed",
         *       "detail": "this path takes GET and PATCH",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 405,
         *       "title": "This path does not take that method",
         *       "type": "/problems/method-not-allowed"
         *     }
         * @example {
         *       "code": "request-timeout",
         *       "detail": "the body did not arrive within 10 seconds",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 408,
         *       "title": "The body took too long",
         *       "type": "/problems/request-timeout"
         *     }
         * @example {
         *       "code": "avatar-exists",
         *       "detail": "there is an avatar already; change it instead",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 409,
         *       "title": "There is an avatar already",
         *       "type": "/problems/avatar-exists"
         *     }
         * @example {
         *       "code": "avatar-not-ready",
         *       "detail": "approve a reference picture first",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 409,
         *       "title": "The avatar has no approved reference picture",
         *       "type": "/problems/avatar-not-ready"
         *     }
         * @example {
         *       "code": "reference-not-ready",
         *       "detail": "that picture is not a delivered reference picture of this avatar",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 409,
         *       "title": "That is no delivered reference picture",
         *       "type": "/problems/reference-not-ready"
         *     }
         * @example {
         *       "code": "photo-already-delivered",
         *       "detail": "the photo is already delivered",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 409,
         *       "title": "The photo is already delivered",
         *       "type": "/problems/photo-already-delivered"
         *     }
         * @example {
         *       "code": "photo-already-failed",
         *       "detail": "the photo request has already failed",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 409,
         *       "title": "The photo has already failed",
         *       "type": "/problems/photo-already-failed"
         *     }
         * @example {
         *       "code": "photo-already-refused",
         *       "detail": "the photo request was refused",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 409,
         *       "title": "The photo was refused",
         *       "type": "/problems/photo-already-refused"
         *     }
         * @example {
         *       "code": "photo-already-canceled",
         *       "detail": "the photo request was canceled",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 409,
         *       "title": "The photo was canceled",
         *       "type": "/problems/photo-already-canceled"
         *     }
         * @example {
         *       "code": "photo-still-running",
         *       "detail": "the photo is still being made; cancel it first",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 409,
         *       "title": "The photo is still being made",
         *       "type": "/problems/photo-still-running"
         *     }
         * @example {
         *       "code": "report-already-decided",
         *       "detail": "this was reported and decided before",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 409,
         *       "title": "The report was decided before",
         *       "type": "/problems/report-already-decided"
         *     }
         * @example {
         *       "code": "report-not-removable",
         *       "detail": "messages cannot be removed; dismiss the report or escalate it",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 409,
         *       "title": "This cannot be removed",
         *       "type": "/problems/report-not-removable"
         *     }
         * @example {
         *       "code": "projection-not-rebuildable",
         *       "detail": "nobody has filled photos yet",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 409,
         *       "title": "This read model cannot be rebuilt by this program",
         *       "type": "/problems/projection-not-rebuildable"
         *     }
         * @example {
         *       "code": "subscription-active",
         *       "detail": "a subscription is open already",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 409,
         *       "title": "There is an open subscription already",
         *       "type": "/problems/subscription-active"
         *     }
         * @example {
         *       "code": "no-subscription",
         *       "detail": "there is no subscription to change",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 409,
         *       "title": "There is no subscription to change",
         *       "type": "/problems/no-subscription"
         *     }
         * @example {
         *       "code": "idempotency-key-in-use",
         *       "detail": "a request with this key is still running",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 409,
         *       "title": "A request with this key is still running",
         *       "type": "/problems/idempotency-key-in-use"
         *     }
         * @example {
         *       "code": "person-erased",
         *       "detail": "you had everything of yours erased; nothing more is done for this account",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 410,
         *       "title": "This person was erased",
         *       "type": "/problems/person-erased"
         *     }
         * @example {
         *       "code": "precondition-failed",
         *       "detail": "the resource has changed since you read it",
         *       "intervening": [
         *         {
         *           "event_type": "ProfileChanged",
         *           "position": 41,
         *           "recorded_at": "2026-11-22T14:01:30Z"
         *         }
         *       ],
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 412,
         *       "title": "The resource has changed",
         *       "type": "/problems/precondition-failed"
         *     }
         * @example {
         *       "code": "body-too-large",
         *       "detail": "the body is larger than 65536 bytes",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 413,
         *       "title": "The body is too large",
         *       "type": "/problems/body-too-large"
         *     }
         * @example {
         *       "code": "picture-too-large",
         *       "detail": "the body is larger than 20971520 bytes",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 413,
         *       "title": "The picture's file is too large",
         *       "type": "/problems/picture-too-large"
         *     }
         * @example {
         *       "code": "unsupported-media-type",
         *       "detail": "send the body with \"Content-Type: application/json\"",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 415,
         *       "title": "The body must be JSON",
         *       "type": "/problems/unsupported-media-type"
         *     }
         * @example {
         *       "code": "unsupported-picture",
         *       "detail": "send the picture's bytes with \"Content-Type: image/jpeg\", \"image/png\" or \"image/webp\"",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 415,
         *       "title": "The body must be a picture",
         *       "type": "/problems/unsupported-picture"
         *     }
         * @example {
         *       "code": "range-not-satisfiable",
         *       "detail": "the picture has 184320 bytes",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 416,
         *       "title": "The range lies outside the picture",
         *       "type": "/problems/range-not-satisfiable"
         *     }
         * @example {
         *       "code": "invalid-body",
         *       "detail": "2 fields are not valid",
         *       "errors": [
         *         {
         *           "detail": "must not be empty; send 1 to 100 characters",
         *           "pointer": "/name"
         *         },
         *         {
         *           "detail": "must be a whole number from 20 to 120",
         *           "pointer": "/age"
         *         }
         *       ],
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 422,
         *       "title": "Fields of the body are not valid",
         *       "type": "/problems/invalid-body"
         *     }
         * @example {
         *       "code": "content-refused",
         *       "detail": "Pictures stay dressed and romantic: no nudity, no undressing, no sexual acts.",
         *       "errors": [
         *         {
         *           "detail": "Pictures stay dressed and romantic: no nudity, no undressing, no sexual acts.",
         *           "pointer": "/scene"
         *         }
         *       ],
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "rules": [
         *         "R3"
         *       ],
         *       "status": 422,
         *       "title": "The content is against the rules",
         *       "type": "/problems/content-refused"
         *     }
         * @example {
         *       "code": "picture-unusable",
         *       "detail": "it is 9000 × 100 px; at most 8192 px a side are accepted",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 422,
         *       "title": "The picture cannot be looked at",
         *       "type": "/problems/picture-unusable"
         *     }
         * @example {
         *       "code": "idempotency-key-reused",
         *       "detail": "this idempotency key was used for another request",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 422,
         *       "title": "This key was used for another request",
         *       "type": "/problems/idempotency-key-reused"
         *     }
         * @example {
         *       "code": "content-cool-down",
         *       "detail": "too much had to be refused; try again after 2026-11-26T13:00:00Z",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 429,
         *       "title": "Too much had to be refused",
         *       "type": "/problems/content-cool-down"
         *     }
         * @example {
         *       "code": "rate-limited",
         *       "detail": "no more than 600 commands in 60 s are allowed; try again in 1 s",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 429,
         *       "title": "Too many requests",
         *       "type": "/problems/rate-limited"
         *     }
         * @example {
         *       "code": "too-many-streams",
         *       "detail": "8 streams of yours are open; close one of them",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 429,
         *       "title": "Too many streams are open",
         *       "type": "/problems/too-many-streams"
         *     }
         * @example {
         *       "code": "internal-error",
         *       "detail": "the service made a mistake; the log knows it under this request's id",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 500,
         *       "title": "Something went wrong here",
         *       "type": "/problems/internal-error"
         *     }
         * @example {
         *       "code": "payment-provider-failed",
         *       "detail": "the payment provider did not accept the request",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 502,
         *       "title": "The payment provider refused",
         *       "type": "/problems/payment-provider-failed"
         *     }
         * @example {
         *       "code": "unavailable",
         *       "detail": "the service cannot reach its store; try again",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 503,
         *       "title": "Try again in a moment",
         *       "type": "/problems/unavailable"
         *     }
         * @example {
         *       "code": "busy",
         *       "detail": "too many changes at once; try again",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 503,
         *       "title": "Too many changes at once",
         *       "type": "/problems/busy"
         *     }
         * @example {
         *       "code": "too-many-checks",
         *       "detail": "too many pictures are being looked at; try again",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 503,
         *       "title": "Too many pictures are being looked at",
         *       "type": "/problems/too-many-checks"
         *     }
         * @example {
         *       "code": "read-model-behind",
         *       "detail": "the read models have not reached position 42 yet",
         *       "log_position": 42,
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 503,
         *       "title": "The answer is not ready yet",
         *       "type": "/problems/read-model-behind"
         *     }
         * @example {
         *       "code": "payment-unavailable",
         *       "detail": "the payment provider cannot be reached; try again",
         *       "request_id": "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
         *       "status": 503,
         *       "title": "The payment provider is away",
         *       "type": "/problems/payment-unavailable"
         *     }
         */
        Problem: {
            /** @description The kind of problem, for programs. */
            code: components["schemas"]["ProblemCode"];
            /** @description What it was this time, for people. */
            detail: string;
            /** @description Every field, parameter and header that is not valid. */
            errors?: components["schemas"]["FieldError"][];
            /** @description The events that came between the state that `If-Match` names and now. */
            intervening?: components["schemas"]["InterveningEvent"][];
            /**
             * Format: int64
             * @description The position in the event log that the read models have not reached yet.
             */
            log_position?: number;
            /** @description Whether the person is a customer already, who can manage the means of payment. */
            portal_available?: boolean;
            /** @description Why the gate is closed: `none`, `payment_incomplete`, `incomplete_expired`, `payment_past_due`, `unpaid`, `paused`, `canceled` or `quota_exhausted`. */
            reason?: string;
            /** @description Names this request in the service's log; also in the header `X-Request-Id`. */
            request_id: string;
            /** @description The rules about content that refuse, as `R1`. */
            rules?: string[];
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description Where a person can subscribe. */
            subscribe_url?: string;
            /** @description What this kind of problem is called. */
            title: string;
            /**
             * @description The path of a page that explains this kind of problem.
             * @example /problems/invalid-body
             */
            type: string;
            /** @description The names of the policies in `RateLimit-Policy` that the client has used up. */
            "violated-policies"?: string[];
        };
        /**
         * @description A kind of problem; `/problems` explains each one.
         * @enum {string}
         */
        ProblemCode: "invalid-json" | "invalid-parameter" | "invalid-signature" | "unauthenticated" | "subscription-required" | "payment-incomplete" | "payment-past-due" | "subscription-unpaid" | "subscription-paused" | "photo-quota-exhausted" | "image-url-expired" | "image-url-invalid" | "role-required" | "not-found" | "avatar-not-found" | "photo-not-found" | "report-subject-not-found" | "report-not-found" | "user-not-found" | "projection-not-found" | "checkpoint-not-found" | "tree-too-small" | "webhook-not-found" | "event-not-found" | "aggregate-not-found" | "customer-not-found" | "method-not-allowed" | "request-timeout" | "avatar-exists" | "avatar-not-ready" | "reference-not-ready" | "photo-already-delivered" | "photo-already-failed" | "photo-already-refused" | "photo-already-canceled" | "photo-still-running" | "report-already-decided" | "report-not-removable" | "projection-not-rebuildable" | "subscription-active" | "no-subscription" | "idempotency-key-in-use" | "person-erased" | "precondition-failed" | "body-too-large" | "picture-too-large" | "unsupported-media-type" | "unsupported-picture" | "range-not-satisfiable" | "invalid-body" | "content-refused" | "picture-unusable" | "idempotency-key-reused" | "content-cool-down" | "rate-limited" | "too-many-streams" | "internal-error" | "payment-provider-failed" | "unavailable" | "busy" | "too-many-checks" | "read-model-behind" | "payment-unavailable";
        /** @description A read model, and how far it has followed the event log. */
        Projection: {
            check?: components["schemas"]["ProjectionCheck"] | null;
            /** @description What went wrong last, while it is `retrying` or `failed`. */
            error?: string | null;
            /**
             * Format: int64
             * @description The event that went wrong.
             */
            failed_position?: number | null;
            /**
             * Format: int64
             * @description How many events are not in it yet.
             */
            lag_events: number;
            /**
             * Format: double
             * @description The age in seconds of the oldest event that is not in it yet; 0 when there is none.
             */
            lag_seconds: number;
            /** @example photos */
            name: string;
            /**
             * Format: int64
             * @description The last event in it.
             */
            position: number;
            rebuild?: components["schemas"]["ProjectionRebuild"] | null;
            state: components["schemas"]["ProjectionState"];
            /**
             * Format: int32
             * @description The version of what its tables hold.
             */
            version: number;
        };
        /** @description What a comparison of a read model with a fresh copy from the log found. */
        ProjectionCheck: {
            /** Format: date-time */
            checked_at: string;
            /**
             * Format: int64
             * @description The last event that was in both.
             */
            position: number;
            /**
             * Format: int64
             * @description How many rows the read model had.
             */
            rows: number;
            /**
             * Format: int64
             * @description How many rows were not what the log says, missing, or too many.
             */
            rows_different: number;
            /** Format: int64 */
            took_ms: number;
        };
        /** @description The read models. */
        ProjectionList: {
            items: components["schemas"]["Projection"][];
        };
        /** @description How far a read model's new tables are. Until they are complete, the old ones are read. */
        ProjectionRebuild: {
            /** @description What went wrong last, while it is `retrying` or `failed`. */
            error?: string | null;
            /**
             * Format: int64
             * @description How many events are not in them yet.
             */
            lag_events: number;
            /**
             * Format: int32
             * @description From 0 to 100.
             */
            percent: number;
            /**
             * Format: int64
             * @description The last event in them.
             */
            position: number;
            state: components["schemas"]["ProjectionState"];
            /**
             * Format: int32
             * @description The version of what the new tables hold.
             */
            version: number;
        };
        /**
         * @description `running`: it follows. `retrying`: something went wrong a moment ago. `failed`: it waits for an operator.
         * @enum {string}
         */
        ProjectionState: "running" | "retrying" | "failed";
        /** @description Whether Ava made a picture, and what speaks for it. */
        Provenance: {
            evidence: components["schemas"]["ProvenanceEvidence"];
            made_by_ava: components["schemas"]["MadeByAva"];
        };
        /** @description What was looked for, each by itself. */
        ProvenanceEvidence: {
            /** @description A delivered picture, or its thumbnail, has exactly these bytes. Pictures that were deleted are not known any more. */
            known_hash: boolean;
            /** @description The manifest of Content Credentials (C2PA). */
            manifest: components["schemas"]["ManifestEvidence"];
            /** @description Ava's badge can be seen in the lower right corner. */
            visible_mark: boolean;
            /** @description The digital source type in the XMP. */
            xmp: components["schemas"]["XmpEvidence"];
        };
        /**
         * @description What a picture is for: the portrait that later ones follow, or a scene.
         * @enum {string}
         */
        Purpose: "reference" | "scene";
        /** @description Photos that still have to be made. */
        Queue: {
            /** Format: int64 */
            depth: number;
            /**
             * Format: int64
             * @description Those of them that are not put off.
             */
            due: number;
        };
        /** @description Whether the service can work. */
        Readiness: {
            checks: components["schemas"]["Checks"];
            /** @description What somebody should look at, and why: read models, Redis, or the replica; absent when there is nothing. */
            reasons?: string[];
            status: components["schemas"]["ReadinessStatus"];
        };
        /**
         * @description `ok`: everything works. `degraded`: people are served, but somebody should look. `unavailable`: nobody is served.
         * @enum {string}
         */
        ReadinessStatus: "ok" | "degraded" | "unavailable";
        /** @description The message is kept. */
        Received: {
            received: boolean;
        };
        /** @description A reference picture that was delivered. */
        ReferenceHistoryEntry: {
            /** @description Whether the avatar's pictures follow it. */
            approved: boolean;
            /** @description Signed, good for one hour. */
            image_url: string;
            /** Format: uuid */
            photo_id: string;
            /** @description Signed, good for one hour. */
            thumbnail_url: string;
        };
        /** @description The portrait that the avatar's pictures follow, or the one that is being made. */
        ReferenceImage: {
            failure?: components["schemas"]["Failure"];
            /** @description Once it is ready, unless it was deleted. Signed, good for one hour. */
            image_url?: string;
            /** Format: uuid */
            photo_id?: string;
            /**
             * @description `none`: nobody asked for one. `generating`: it is being made. `ready`: it waits for approval.
             *     `failed`: it could not be made. `approved`: pictures follow it.
             */
            status: components["schemas"]["ReferenceImageStatus"];
            /** @description Signed, good for one hour. */
            thumbnail_url?: string;
        };
        /**
         * @description How a reference picture stands.
         * @enum {string}
         */
        ReferenceImageStatus: "none" | "generating" | "ready" | "failed" | "approved";
        /** @description How often the rules about content had to refuse the person's words. */
        Refusals: {
            /** Format: int32 */
            all: number;
            /**
             * Format: int32
             * @description How many of them broke a grave rule.
             */
            hard: number;
        };
        /** @description Something that was reported, and what became of it. */
        Report: {
            /** Format: date-time */
            decided_at?: string | null;
            decision?: components["schemas"]["ReportDecision"] | null;
            /**
             * Format: date-time
             * @description Until then it is to be decided.
             */
            due_at: string;
            /** Format: date-time */
            filed_at: string;
            /**
             * Format: uuid
             * @description The id of what it is about: there is one report about one thing.
             */
            id: string;
            reason: components["schemas"]["ReportReason"];
            status: components["schemas"]["ReportStatus"];
            subject: components["schemas"]["ReportSubject"];
            /** @description In the person's words; null without any. */
            text?: string | null;
        };
        /**
         * @description What was decided: nothing is wrong with it; it was removed; or somebody else has to look, outside of this system.
         * @enum {string}
         */
        ReportDecision: "dismissed" | "content-removed" | "escalated";
        /** @description Reports that wait. */
        ReportFigures: {
            /**
             * Format: int64
             * @description For an answer.
             */
            open: number;
            /**
             * Format: int64
             * @description For longer than was promised.
             */
            overdue: number;
        };
        /** @description A page of reports. */
        ReportPage: {
            /** @description Newest first. */
            items: components["schemas"]["Report"][];
            /** @description Where the next page begins; null on the last one. */
            next_cursor: string | null;
        };
        /** @description A page of the queue. */
        ReportQueue: {
            /** @description Oldest first. */
            items: components["schemas"]["AdminReport"][];
            /** @description Where the next page begins; null on the last one. */
            next_cursor: string | null;
        };
        /**
         * @description What is wrong with it.
         * @enum {string}
         */
        ReportReason: "minor" | "real-person" | "sexual" | "non-consent" | "violence" | "hate" | "self-harm" | "other";
        /**
         * @description Whether a report is answered.
         * @enum {string}
         */
        ReportStatus: "open" | "decided";
        /** @description What a report is about. */
        ReportSubject: {
            /**
             * Format: uuid
             * @description The photo's id, where a reference picture is a photo; or the id of a message of the person's or the companion's.
             */
            id: string;
            kind: components["schemas"]["ReportSubjectKind"];
        };
        /**
         * @description What can be reported.
         * @enum {string}
         */
        ReportSubjectKind: "photo" | "message";
        /** @description A report with what it is about. */
        ReportedContent: components["schemas"]["AdminReport"] & {
            message?: components["schemas"]["Message"] | null;
            photo?: components["schemas"]["Photo"] | null;
        };
        /**
         * @description `auditor` reads the event log and its proofs, `operator` runs the system.
         * @enum {string}
         */
        Role: "auditor" | "operator";
        /** @description Who signs in. */
        SignIn: {
            /**
             * Format: email
             * @description The same address is always the same person.
             */
            email: string;
            /** @description What the person may do besides using the product. */
            roles?: components["schemas"]["Role"][];
        };
        /** @description What a person pays for, and what is left of it. */
        Subscription: {
            /** @description Whether it ends with the current period. */
            cancel_at_period_end: boolean;
            /** Format: date-time */
            current_period_end?: string;
            /**
             * Format: date-time
             * @description Until when it stays open although a renewal could not be paid.
             */
            grace_until?: string;
            /** @description Whether operations for subscribers are allowed now. */
            open: boolean;
            /** @description The id of the plan. */
            plan?: string;
            reason: components["schemas"]["ClosedReason"] | null;
            status: components["schemas"]["SubscriptionStatus"];
            usage: components["schemas"]["Usage"];
        };
        /**
         * @description How a subscription stands, in the payment provider's words; `none` before there is one.
         * @enum {string}
         */
        SubscriptionStatus: "none" | "incomplete" | "incomplete_expired" | "trialing" | "active" | "past_due" | "canceled" | "unpaid" | "paused";
        /**
         * @description Why somebody ends a subscription: answers to both questions, or to one, or just some words. A word of the list of
         *     reasons is taken as the reason.
         */
        Survey: components["schemas"]["SurveyAnswers"] | string;
        SurveyAnswers: {
            /** @description In the person's own words. */
            comment?: string | null;
            reason?: components["schemas"]["CancellationReason"] | null;
        };
        /** @description An access token. */
        Token: {
            /** @description Send it as `Authorization: Bearer <token>`. */
            access_token: string;
            /**
             * Format: int64
             * @description After how many seconds it stops working.
             */
            expires_in: number;
            /** @example Bearer */
            token_type: string;
            user: components["schemas"]["User"];
        };
        /** @description What an event is made of. */
        UpdateEvent: {
            /** @description JSON: that resource, as its GET gives it. */
            data: string;
            /** @enum {string} */
            event: "avatar" | "photo" | "message" | "message-delta" | "chat" | "subscription";
            /** @description The position in the event log; `message-delta` has none of its own. */
            id?: string;
        };
        /** @description The stream as text, or, to whoever reads it event by event, one event. */
        UpdateStream: string | components["schemas"]["UpdateEvent"];
        /** @description What is left of the current period's pictures. */
        Usage: {
            /** Format: int32 */
            photos_limit: number;
            /** Format: int32 */
            photos_used: number;
        };
        /** @description A person who is signed in. */
        User: {
            email?: string | null;
            /** Format: uuid */
            id: string;
            roles: components["schemas"]["Role"][];
        };
        /** @description How somebody's account stands. */
        UserAccount: {
            /**
             * Format: date-time
             * @description When their avatar was designed; null when there is none.
             */
            avatar_created_at?: string | null;
            conduct: components["schemas"]["AccountConduct"];
            /** Format: uuid */
            id: string;
            /** @description How many of their photos stand how. */
            photos: components["schemas"]["Count"][];
            /**
             * Format: int64
             * @description How many reports they filed.
             */
            reports: number;
            subscription?: components["schemas"]["AccountSubscription"] | null;
        };
        /** @description A message of the payment provider, without its body. */
        Webhook: {
            /**
             * Format: int32
             * @description How often it was handed out since it came, or since it was handed out again.
             */
            attempts: number;
            /** @description Why the latest attempt failed. */
            error?: string | null;
            /** @description The provider's id of it. */
            id: string;
            provider: string;
            /** Format: date-time */
            received_at: string;
            /**
             * Format: int32
             * @description How often an operator has handed it out again.
             */
            replays: number;
            /**
             * Format: date-time
             * @description When it was done or parked.
             */
            settled_at?: string | null;
            state: components["schemas"]["WebhookState"];
            /** @description What it tells of, in the provider's words. */
            type: string;
        };
        /** @description What became of the payment provider's messages. */
        WebhookFigures: {
            /**
             * Format: int64
             * @description They came within the last 24 hours, and are dealt with.
             */
            done: number;
            /**
             * Format: int64
             * @description They failed, and wait for an operator.
             */
            parked: number;
            /**
             * Format: int64
             * @description They wait for their work, or are being worked on.
             */
            waiting: number;
        };
        /** @description A page of messages. */
        WebhookPage: {
            /** @description Newest first. */
            items: components["schemas"]["Webhook"][];
            /** @description Where the next page begins; null on the last one. */
            next_cursor: string | null;
        };
        /**
         * @description `waiting`: it waits for its work, or is being worked on. `done`: it is dealt with. `parked`: it failed, and waits for an operator.
         * @enum {string}
         */
        WebhookState: "waiting" | "done" | "parked";
        /**
         * @description `trained_model`: it says that a trained model made the picture, but not whose. `other`: it says something else.
         * @enum {string}
         */
        XmpEvidence: "trained_model" | "other" | "none";
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    get_figures: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The figures. */
            200: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "deliveries": [
                     *         {
                     *           "count": 2,
                     *           "hour": "2026-11-22T14:00:00Z"
                     *         }
                     *       ],
                     *       "lag": [
                     *         {
                     *           "events": 0,
                     *           "name": "photos",
                     *           "seconds": 0,
                     *           "state": "running"
                     *         }
                     *       ],
                     *       "log_position": 42,
                     *       "measured_at": "2026-11-22T15:00:00Z",
                     *       "photos": [
                     *         {
                     *           "count": 2,
                     *           "status": "delivered"
                     *         },
                     *         {
                     *           "count": 1,
                     *           "status": "failed"
                     *         }
                     *       ],
                     *       "queue": {
                     *         "depth": 3,
                     *         "due": 1
                     *       },
                     *       "reports": {
                     *         "open": 1,
                     *         "overdue": 0
                     *       },
                     *       "subscriptions": [
                     *         {
                     *           "count": 1,
                     *           "status": "active"
                     *         }
                     *       ],
                     *       "webhooks": {
                     *         "done": 7,
                     *         "parked": 1,
                     *         "waiting": 0
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Figures"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_photos_of_everybody: {
        parameters: {
            query?: {
                /** @description Only photos that stand so; `failed` when it is left out. */
                status?: components["schemas"]["PhotoStatus"];
                /** @description How many, 1 to 100; 20 when it is left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: {
                /**
                 * @description `Log-Position` of an earlier command: the answer has seen it.
                 * @example 42
                 */
                "Await-Log-Position"?: number;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of photos. */
            200: {
                headers: {
                    /** @description `<…>; rel="next"`: the next page, when there is one. */
                    Link?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "attempts": 5,
                     *           "failure": {
                     *             "code": "transient",
                     *             "detail": "503 of the provider's",
                     *             "retryable": true
                     *           },
                     *           "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *           "owner": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d",
                     *           "purpose": "scene",
                     *           "requested_at": "2026-11-22T14:10:00Z",
                     *           "rules": [],
                     *           "status": "failed"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["AdminPhotoPage"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `read-model-behind`: The answer is not ready yet. `busy`: Too many changes at once. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancel_photo_of_anybody: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The `ETag` that the resource must still have, or several with commas between, of which it must have one; otherwise 412. A weak one matches nothing; `*` matches whatever is there.
                 * @example "3"
                 */
                "If-Match"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path: {
                /** @description The photo's id. */
                photo_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The canceled photo. */
            200: {
                headers: {
                    /** @description The photo's version. */
                    ETag?: string;
                    /** @description The position in the event log that the command reached. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "attempts": 5,
                     *       "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *       "owner": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d",
                     *       "purpose": "scene",
                     *       "requested_at": "2026-11-22T14:10:00Z",
                     *       "rules": [],
                     *       "status": "canceled"
                     *     }
                     */
                    "application/json": components["schemas"]["AdminPhoto"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `photo-not-found`: There is no such photo. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-in-use`: A request with this key is still running. `photo-already-delivered`: The photo is already delivered. `photo-already-failed`: The photo has already failed. `photo-already-refused`: The photo was refused. */
            409: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `precondition-failed`: The resource has changed. */
            412: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: This key was used for another request. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    retry_photo: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The `ETag` that the resource must still have, or several with commas between, of which it must have one; otherwise 412. A weak one matches nothing; `*` matches whatever is there.
                 * @example "3"
                 */
                "If-Match"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path: {
                /** @description The photo's id. */
                photo_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It will be tried again. */
            202: {
                headers: {
                    /** @description The photo's version. */
                    ETag?: string;
                    /** @description The position in the event log that the command reached. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "attempts": 5,
                     *       "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *       "owner": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d",
                     *       "purpose": "scene",
                     *       "requested_at": "2026-11-22T14:10:00Z",
                     *       "rules": [],
                     *       "status": "requested"
                     *     }
                     */
                    "application/json": components["schemas"]["AdminPhoto"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `photo-not-found`: There is no such photo. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-in-use`: A request with this key is still running. `photo-already-delivered`: The photo is already delivered. `photo-already-refused`: The photo was refused. `photo-already-canceled`: The photo was canceled. */
            409: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `precondition-failed`: The resource has changed. */
            412: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: This key was used for another request. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_projections_for_operators: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Every read model, by name. */
            200: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "check": {
                     *             "checked_at": "2026-11-22T14:00:00Z",
                     *             "position": 40,
                     *             "rows": 2,
                     *             "rows_different": 0,
                     *             "took_ms": 12
                     *           },
                     *           "error": null,
                     *           "failed_position": null,
                     *           "lag_events": 0,
                     *           "lag_seconds": 0,
                     *           "name": "photos",
                     *           "position": 42,
                     *           "rebuild": {
                     *             "error": null,
                     *             "lag_events": 24,
                     *             "percent": 42,
                     *             "position": 18,
                     *             "state": "running",
                     *             "version": 2
                     *           },
                     *           "state": "running",
                     *           "version": 1
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ProjectionList"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    rebuild_projection: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path: {
                /** @description The read model's name, as in the list. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is ordered. The read model as it stood then. */
            202: {
                headers: {
                    /** @description The position in the event log that the command reached. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "check": {
                     *         "checked_at": "2026-11-22T14:00:00Z",
                     *         "position": 40,
                     *         "rows": 2,
                     *         "rows_different": 0,
                     *         "took_ms": 12
                     *       },
                     *       "error": null,
                     *       "failed_position": null,
                     *       "lag_events": 0,
                     *       "lag_seconds": 0,
                     *       "name": "photos",
                     *       "position": 42,
                     *       "rebuild": {
                     *         "error": null,
                     *         "lag_events": 24,
                     *         "percent": 42,
                     *         "position": 18,
                     *         "state": "running",
                     *         "version": 2
                     *       },
                     *       "state": "running",
                     *       "version": 1
                     *     }
                     */
                    "application/json": components["schemas"]["Projection"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `projection-not-found`: There is no such read model. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-in-use`: A request with this key is still running. `projection-not-rebuildable`: This read model cannot be rebuilt by this program. */
            409: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: This key was used for another request. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_report_queue: {
        parameters: {
            query?: {
                /** @description Only reports that stand so; `open` when it is left out. */
                status?: components["schemas"]["ReportStatus"];
                /** @description How many, 1 to 100; 20 when it is left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: {
                /**
                 * @description `Log-Position` of an earlier command: the answer has seen it.
                 * @example 42
                 */
                "Await-Log-Position"?: number;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of the queue. */
            200: {
                headers: {
                    /** @description `<…>; rel="next"`: the next page, when there is one. */
                    Link?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "decided_at": null,
                     *           "decided_by": null,
                     *           "decision": null,
                     *           "due_at": "2026-11-23T15:00:00Z",
                     *           "filed_at": "2026-11-22T15:00:00Z",
                     *           "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *           "note": null,
                     *           "overdue": false,
                     *           "owner": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d",
                     *           "reason": "real-person",
                     *           "status": "open",
                     *           "subject": {
                     *             "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *             "kind": "photo"
                     *           },
                     *           "text": "She looks like somebody I know."
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["ReportQueue"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `read-model-behind`: The answer is not ready yet. `busy`: Too many changes at once. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_reported_content: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description `Log-Position` of an earlier command: the answer has seen it.
                 * @example 42
                 */
                "Await-Log-Position"?: number;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path: {
                /** @description The report's id. */
                report_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The report. */
            200: {
                headers: {
                    /** @description The report's version, for `If-Match`. */
                    ETag?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "decided_at": null,
                     *       "decided_by": null,
                     *       "decision": null,
                     *       "due_at": "2026-11-23T15:00:00Z",
                     *       "filed_at": "2026-11-22T15:00:00Z",
                     *       "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *       "message": null,
                     *       "note": null,
                     *       "overdue": false,
                     *       "owner": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d",
                     *       "photo": {
                     *         "attempts": 1,
                     *         "delivered_at": "2026-11-22T14:10:07Z",
                     *         "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *         "image": {
                     *           "bytes": 184320,
                     *           "height": 1024,
                     *           "media_type": "image/jpeg",
                     *           "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *           "thumbnail_url": "/photos/0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a/image?variant=thumbnail&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *           "url": "/photos/0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a/image?variant=full&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *           "width": 1024
                     *         },
                     *         "purpose": "scene",
                     *         "requested_at": "2026-11-22T14:10:00Z",
                     *         "scene": "reading a letter on a balcony in Lisbon, late light",
                     *         "status": "delivered"
                     *       },
                     *       "reason": "real-person",
                     *       "status": "open",
                     *       "subject": {
                     *         "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *         "kind": "photo"
                     *       },
                     *       "text": "She looks like somebody I know."
                     *     }
                     */
                    "application/json": components["schemas"]["ReportedContent"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `report-not-found`: There is no such report. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `read-model-behind`: The answer is not ready yet. `busy`: Too many changes at once. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    decide_report: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The `ETag` that the resource must still have, or several with commas between, of which it must have one; otherwise 412. A weak one matches nothing; `*` matches whatever is there.
                 * @example "3"
                 */
                "If-Match"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path: {
                /** @description The report's id. */
                report_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "decision": "content-removed",
                 *       "note": "The likeness is plain."
                 *     }
                 */
                "application/json": components["schemas"]["NewDecision"];
            };
        };
        responses: {
            /** @description The decided report. */
            200: {
                headers: {
                    /** @description The report's version. */
                    ETag?: string;
                    /** @description The position in the event log that the command reached. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "decided_at": "2026-11-22T16:20:00Z",
                     *       "decided_by": "operator:0193e7f1-9d40-7a6b-8c1d-aaaaaaaaaaaa",
                     *       "decision": "content-removed",
                     *       "due_at": "2026-11-23T15:00:00Z",
                     *       "filed_at": "2026-11-22T15:00:00Z",
                     *       "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *       "note": "The likeness is plain.",
                     *       "overdue": false,
                     *       "owner": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d",
                     *       "reason": "real-person",
                     *       "status": "decided",
                     *       "subject": {
                     *         "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *         "kind": "photo"
                     *       },
                     *       "text": "She looks like somebody I know."
                     *     }
                     */
                    "application/json": components["schemas"]["AdminReport"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. `invalid-json`: The body is not JSON. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `report-not-found`: There is no such report. `photo-not-found`: There is no such photo. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-in-use`: A request with this key is still running. `report-already-decided`: The report was decided before. `report-not-removable`: This cannot be removed. `photo-already-delivered`: The photo is already delivered. `photo-already-failed`: The photo has already failed. `photo-already-refused`: The photo was refused. `photo-already-canceled`: The photo was canceled. `photo-still-running`: The photo is still being made. */
            409: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `precondition-failed`: The resource has changed. */
            412: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: The body must be JSON. */
            415: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: This key was used for another request. `invalid-body`: Fields of the body are not valid. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_user: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description `Log-Position` of an earlier command: the answer has seen it.
                 * @example 42
                 */
                "Await-Log-Position"?: number;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path: {
                /** @description The person's id. */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account. */
            200: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "avatar_created_at": "2026-11-22T14:00:00Z",
                     *       "conduct": {
                     *         "cooling_down_until": null,
                     *         "flagged": false,
                     *         "hard_refusals": 0,
                     *         "refusals": 1
                     *       },
                     *       "id": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d",
                     *       "photos": [
                     *         {
                     *           "count": 2,
                     *           "status": "delivered"
                     *         },
                     *         {
                     *           "count": 1,
                     *           "status": "failed"
                     *         }
                     *       ],
                     *       "reports": 1,
                     *       "subscription": {
                     *         "current_period_end": "2026-12-22T14:05:00Z",
                     *         "customer_id": "cus_a1b2c3",
                     *         "photos_limit": 60,
                     *         "photos_used": 1,
                     *         "plan": "monthly",
                     *         "status": "active"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["UserAccount"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `user-not-found`: There is no such person. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `read-model-behind`: The answer is not ready yet. `busy`: Too many changes at once. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    erase_user: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path: {
                /** @description The person's id. */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Erased. */
            204: {
                headers: {
                    /** @description The position in the event log that the command reached. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `user-not-found`: There is no such person. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-in-use`: A request with this key is still running. */
            409: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: This key was used for another request. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_webhooks: {
        parameters: {
            query?: {
                /** @description Only messages that stand so. */
                state?: components["schemas"]["WebhookState"];
                /** @description How many, 1 to 100; 20 when it is left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of messages. */
            200: {
                headers: {
                    /** @description `<…>; rel="next"`: the next page, when there is one. */
                    Link?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "attempts": 12,
                     *           "error": "the payment provider knows no such subscription",
                     *           "id": "evt_a1b2c3",
                     *           "provider": "stripe",
                     *           "received_at": "2026-11-22T14:05:00Z",
                     *           "replays": 0,
                     *           "settled_at": "2026-11-22T14:25:00Z",
                     *           "state": "parked",
                     *           "type": "invoice.paid"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["WebhookPage"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    replay_webhook: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path: {
                /** @description The provider's id of the message. */
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It waits for its work again. */
            202: {
                headers: {
                    /** @description The position in the event log that the command reached. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "attempts": 12,
                     *       "error": "the payment provider knows no such subscription",
                     *       "id": "evt_a1b2c3",
                     *       "provider": "stripe",
                     *       "received_at": "2026-11-22T14:05:00Z",
                     *       "replays": 0,
                     *       "settled_at": "2026-11-22T14:25:00Z",
                     *       "state": "parked",
                     *       "type": "invoice.paid"
                     *     }
                     */
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `webhook-not-found`: There is no such message. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-in-use`: A request with this key is still running. */
            409: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: This key was used for another request. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_history: {
        parameters: {
            query?: {
                /** @description How many, 1 to 100; 20 when it is left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description Its type, as `Avatar`. */
                type: string;
                /** @description Its id, as `aggregate_id` of its events has it. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of its events. */
            200: {
                headers: {
                    /** @description `<…>; rel="next"`: the next page, when there is one. */
                    Link?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "aggregate_id": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d",
                     *           "aggregate_type": "Avatar",
                     *           "event_id": "0193e7f9-44e1-7a10-b2c3-d4e5f6a7b8c9",
                     *           "event_type": "ReferenceImageApproved",
                     *           "event_version": "1",
                     *           "metadata": {
                     *             "actor": "user:0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d",
                     *             "causation_id": "0193e7f9-44e0-7f00-9a8b-7c6d5e4f3a2b",
                     *             "command": "ApproveReferenceImage",
                     *             "correlation_id": "0193e7f9-44e0-7f00-9a8b-7c6d5e4f3a2b",
                     *             "owner": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d"
                     *           },
                     *           "payload": {
                     *             "photo_id": "0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f",
                     *             "type": "ReferenceImageApproved"
                     *           },
                     *           "position": 41,
                     *           "recorded_at": "2026-11-22T14:01:30Z",
                     *           "sequence": 4
                     *         }
                     *       ],
                     *       "next_cursor": "41"
                     *     }
                     */
                    "application/json": components["schemas"]["EventPage"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `aggregate-not-found`: There is no such aggregate. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_state: {
        parameters: {
            query?: {
                /** @description As it was after the event at this position. */
                as_of_position?: number;
                /** @description As it was after the last event that was recorded at this time or before. */
                as_of?: string;
            };
            header?: never;
            path: {
                /** @description Its type, as `Avatar`. */
                type: string;
                /** @description Its id, as `aggregate_id` of its events has it. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The aggregate. */
            200: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "aggregate_id": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d",
                     *       "aggregate_type": "Avatar",
                     *       "as_of_position": 57,
                     *       "position": 41,
                     *       "recorded_at": "2026-11-22T14:01:30Z",
                     *       "sequence": 4,
                     *       "state": {
                     *         "reference": {
                     *           "photo_id": "0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f",
                     *           "status": "approved"
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["AggregateState"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `aggregate-not-found`: There is no such aggregate. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_checkpoint: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The checkpoint. */
            200: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example ava.example.com/log
                     *     8
                     *     XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=
                     *
                     *     — ava.example.com/log x08gozdSgLMzAnw63LH1RGViJhUfW60EUGKY7Kmr004fQNOSqfrcd1hIk3BCtdcLWIqvGtX67sL24VN+44uTlxMnbAA=
                     */
                    "text/plain": string;
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `checkpoint-not-found`: No checkpoint was signed yet. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_events: {
        parameters: {
            query?: {
                /** @description Only events behind this position. */
                after?: number;
                /** @description Only events up to and including this position. */
                until?: number;
                /** @description Only events of this type of aggregate, as `Avatar`. */
                aggregate_type?: string;
                /** @description Only events of the aggregates with this id. */
                aggregate_id?: string;
                /** @description Only events with this name, as `PhotoDelivered`. */
                event_type?: string;
                /** @description Only events that this one caused, as `user:0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d` or `reaction:promise_photos`. */
                actor?: string;
                /** @description Only events that followed from one request. */
                correlation_id?: string;
                /** @description Only events that were recorded at this time or later. */
                from?: string;
                /** @description Only events that were recorded before this time. */
                to?: string;
                /** @description How many, 1 to 100; 20 when it is left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Which come first: `asc`, the oldest, when it is left out, or `desc`, the newest. */
                order?: "asc" | "desc";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of events, or all of them. */
            200: {
                headers: {
                    /** @description `<…>; rel="next"`: the next page, when there is one. */
                    Link?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "aggregate_id": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d",
                     *           "aggregate_type": "Avatar",
                     *           "event_id": "0193e7f9-44e1-7a10-b2c3-d4e5f6a7b8c9",
                     *           "event_type": "ReferenceImageApproved",
                     *           "event_version": "1",
                     *           "metadata": {
                     *             "actor": "user:0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d",
                     *             "causation_id": "0193e7f9-44e0-7f00-9a8b-7c6d5e4f3a2b",
                     *             "command": "ApproveReferenceImage",
                     *             "correlation_id": "0193e7f9-44e0-7f00-9a8b-7c6d5e4f3a2b",
                     *             "owner": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d"
                     *           },
                     *           "payload": {
                     *             "photo_id": "0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f",
                     *             "type": "ReferenceImageApproved"
                     *           },
                     *           "position": 41,
                     *           "recorded_at": "2026-11-22T14:01:30Z",
                     *           "sequence": 4
                     *         }
                     *       ],
                     *       "next_cursor": "41"
                     *     }
                     */
                    "application/json": components["schemas"]["EventPage"];
                    /** @example {"aggregate_id":"0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d","aggregate_type":"Avatar","event_id":"0193e7f9-44e1-7a10-b2c3-d4e5f6a7b8c9","event_type":"ReferenceImageApproved","event_version":"1","metadata":{"actor":"user:0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d","causation_id":"0193e7f9-44e0-7f00-9a8b-7c6d5e4f3a2b","command":"ApproveReferenceImage","correlation_id":"0193e7f9-44e0-7f00-9a8b-7c6d5e4f3a2b","owner":"0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d"},"payload":{"photo_id":"0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f","type":"ReferenceImageApproved"},"position":41,"recorded_at":"2026-11-22T14:01:30Z","sequence":4} */
                    "application/x-ndjson": string;
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_event: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its place in the log. */
                position: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The event. */
            200: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "aggregate_id": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d",
                     *       "aggregate_type": "Avatar",
                     *       "changes": [
                     *         {
                     *           "after": "approved",
                     *           "before": "ready",
                     *           "path": "/reference/status"
                     *         }
                     *       ],
                     *       "event_id": "0193e7f9-44e1-7a10-b2c3-d4e5f6a7b8c9",
                     *       "event_type": "ReferenceImageApproved",
                     *       "event_version": "1",
                     *       "leaf_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *       "metadata": {
                     *         "actor": "user:0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d",
                     *         "causation_id": "0193e7f9-44e0-7f00-9a8b-7c6d5e4f3a2b",
                     *         "command": "ApproveReferenceImage",
                     *         "correlation_id": "0193e7f9-44e0-7f00-9a8b-7c6d5e4f3a2b",
                     *         "owner": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d"
                     *       },
                     *       "payload": {
                     *         "photo_id": "0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f",
                     *         "type": "ReferenceImageApproved"
                     *       },
                     *       "position": 41,
                     *       "recorded_at": "2026-11-22T14:01:30Z",
                     *       "sequence": 4,
                     *       "state_after": {
                     *         "reference": {
                     *           "photo_id": "0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f",
                     *           "status": "approved"
                     *         }
                     *       },
                     *       "state_before": {
                     *         "reference": {
                     *           "photo_id": "0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f",
                     *           "status": "ready"
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["EventDetail"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `event-not-found`: There is no such event. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_projections: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Every read model, by name. */
            200: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "check": {
                     *             "checked_at": "2026-11-22T14:00:00Z",
                     *             "position": 40,
                     *             "rows": 2,
                     *             "rows_different": 0,
                     *             "took_ms": 12
                     *           },
                     *           "error": null,
                     *           "failed_position": null,
                     *           "lag_events": 0,
                     *           "lag_seconds": 0,
                     *           "name": "photos",
                     *           "position": 42,
                     *           "rebuild": {
                     *             "error": null,
                     *             "lag_events": 24,
                     *             "percent": 42,
                     *             "position": 18,
                     *             "state": "running",
                     *             "version": 2
                     *           },
                     *           "state": "running",
                     *           "version": 1
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ProjectionList"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    prove_consistency: {
        parameters: {
            query: {
                /** @description How many events the earlier tree has: those of a checkpoint that was kept. */
                from: number;
                /** @description How many events the later tree has. Those of the newest checkpoint when it is left out. */
                to?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The proof. */
            200: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "from": 6,
                     *       "hashes": [
                     *         "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                     *         "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                     *         "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
                     *       ],
                     *       "to": 8
                     *     }
                     */
                    "application/json": components["schemas"]["ConsistencyProof"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `tree-too-small`: The tree has not so many events. `checkpoint-not-found`: No checkpoint was signed yet. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    prove_inclusion: {
        parameters: {
            query: {
                /** @description The event's position in the log. */
                position: number;
                /** @description How many events the tree has: those of a checkpoint. Those of the newest one when it is left out. */
                size?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The proof. */
            200: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "hashes": [
                     *         "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                     *         "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                     *         "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
                     *       ],
                     *       "leaf_hash": "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
                     *       "position": 6,
                     *       "size": 8
                     *     }
                     */
                    "application/json": components["schemas"]["InclusionProof"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-required`: This needs a role. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `tree-too-small`: The tree has not so many events. `checkpoint-not-found`: No checkpoint was signed yet. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_avatar: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "age": 25,
                 *       "appearance": "shoulder-length auburn hair, freckles, green eyes, a linen shirt",
                 *       "gender": "woman",
                 *       "name": "Ava",
                 *       "nationality": "Portuguese",
                 *       "personality": "caring"
                 *     }
                 */
                "application/json": components["schemas"]["NewAvatar"];
            };
        };
        responses: {
            /** @description The avatar. */
            201: {
                headers: {
                    /** @description The avatar's version. */
                    ETag?: string;
                    /** @description Where the avatar is: `/avatars/me`. */
                    Location?: string;
                    /** @description The position in the event log that the command reached. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "age": 25,
                     *       "appearance": "shoulder-length auburn hair, freckles, green eyes, a linen shirt",
                     *       "created_at": "2026-11-22T14:00:00Z",
                     *       "gender": "woman",
                     *       "id": "0193e7f2-5b1c-7d2a-9c7e-1f2a3b4c5d6e",
                     *       "name": "Ava",
                     *       "nationality": "Portuguese",
                     *       "personality": "caring",
                     *       "reference_history": [],
                     *       "reference_image": {
                     *         "status": "none"
                     *       },
                     *       "updated_at": "2026-11-22T14:00:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Avatar"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. `invalid-json`: The body is not JSON. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-in-use`: A request with this key is still running. `avatar-exists`: There is an avatar already. */
            409: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: The body must be JSON. */
            415: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: This key was used for another request. `invalid-body`: Fields of the body are not valid. `content-refused`: The content is against the rules. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `content-cool-down`: Too much had to be refused. `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_avatar: {
        parameters: {
            query?: {
                /** @description As it was after the event at this position. */
                as_of_position?: number;
                /** @description As it was after the last event that was recorded at this time or before. */
                as_of?: string;
            };
            header?: {
                /**
                 * @description `Log-Position` of an earlier command: the answer has seen it.
                 * @example 42
                 */
                "Await-Log-Position"?: number;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The avatar. */
            200: {
                headers: {
                    /** @description The avatar's version, for `If-Match`. */
                    ETag?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "age": 25,
                     *       "appearance": "shoulder-length auburn hair, freckles, green eyes, a linen shirt",
                     *       "created_at": "2026-11-22T14:00:00Z",
                     *       "gender": "woman",
                     *       "id": "0193e7f2-5b1c-7d2a-9c7e-1f2a3b4c5d6e",
                     *       "name": "Ava",
                     *       "nationality": "Portuguese",
                     *       "personality": "caring",
                     *       "reference_history": [
                     *         {
                     *           "approved": true,
                     *           "image_url": "/photos/0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f/image?variant=full&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *           "photo_id": "0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f",
                     *           "thumbnail_url": "/photos/0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f/image?variant=thumbnail&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
                     *         }
                     *       ],
                     *       "reference_image": {
                     *         "image_url": "/photos/0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f/image?variant=full&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *         "photo_id": "0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f",
                     *         "status": "approved",
                     *         "thumbnail_url": "/photos/0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f/image?variant=thumbnail&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
                     *       },
                     *       "updated_at": "2026-11-22T14:01:30Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Avatar"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `avatar-not-found`: There is no avatar yet. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `read-model-behind`: The answer is not ready yet. `busy`: Too many changes at once. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_avatar: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The `ETag` that the resource must still have, or several with commas between, of which it must have one; otherwise 412. A weak one matches nothing; `*` matches whatever is there.
                 * @example "3"
                 */
                "If-Match"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "appearance": "short auburn hair, freckles, green eyes, a raincoat",
                 *       "personality": "adventurous"
                 *     }
                 */
                "application/json": components["schemas"]["AvatarChanges"];
            };
        };
        responses: {
            /** @description The avatar as it is now. */
            200: {
                headers: {
                    /** @description The avatar's version. */
                    ETag?: string;
                    /** @description The position in the event log that the command reached. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "age": 25,
                     *       "appearance": "shoulder-length auburn hair, freckles, green eyes, a linen shirt",
                     *       "created_at": "2026-11-22T14:00:00Z",
                     *       "gender": "woman",
                     *       "id": "0193e7f2-5b1c-7d2a-9c7e-1f2a3b4c5d6e",
                     *       "name": "Ava",
                     *       "nationality": "Portuguese",
                     *       "personality": "caring",
                     *       "reference_history": [
                     *         {
                     *           "approved": true,
                     *           "image_url": "/photos/0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f/image?variant=full&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *           "photo_id": "0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f",
                     *           "thumbnail_url": "/photos/0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f/image?variant=thumbnail&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
                     *         }
                     *       ],
                     *       "reference_image": {
                     *         "image_url": "/photos/0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f/image?variant=full&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *         "photo_id": "0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f",
                     *         "status": "approved",
                     *         "thumbnail_url": "/photos/0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f/image?variant=thumbnail&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
                     *       },
                     *       "updated_at": "2026-11-22T14:01:30Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Avatar"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. `invalid-json`: The body is not JSON. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `avatar-not-found`: There is no avatar yet. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-in-use`: A request with this key is still running. */
            409: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `precondition-failed`: The resource has changed. */
            412: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: The body must be JSON. */
            415: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: This key was used for another request. `invalid-body`: Fields of the body are not valid. `content-refused`: The content is against the rules. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `content-cool-down`: Too much had to be refused. `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    request_reference_image: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The `ETag` that the resource must still have, or several with commas between, of which it must have one; otherwise 412. A weak one matches nothing; `*` matches whatever is there.
                 * @example "3"
                 */
                "If-Match"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The picture is being made; `/updates` tells when it is there. */
            202: {
                headers: {
                    /** @description The photo's version. */
                    ETag?: string;
                    /** @description Where the photo is: `/photos/{photo_id}`. */
                    Location?: string;
                    /** @description The position in the event log that the command reached. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "attempts": 0,
                     *       "id": "0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f",
                     *       "purpose": "reference",
                     *       "requested_at": "2026-11-22T14:01:00Z",
                     *       "scene": null,
                     *       "status": "requested"
                     *     }
                     */
                    "application/json": components["schemas"]["Photo"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `avatar-not-found`: There is no avatar yet. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-in-use`: A request with this key is still running. */
            409: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `precondition-failed`: The resource has changed. */
            412: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: This key was used for another request. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    approve_reference_image: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The `ETag` that the resource must still have, or several with commas between, of which it must have one; otherwise 412. A weak one matches nothing; `*` matches whatever is there.
                 * @example "3"
                 */
                "If-Match"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "photo_id": "0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f"
                 *     }
                 */
                "application/json": components["schemas"]["ApproveReferenceImage"];
            };
        };
        responses: {
            /** @description The avatar with its approved picture. */
            200: {
                headers: {
                    /** @description The avatar's version. */
                    ETag?: string;
                    /** @description The position in the event log that the command reached. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "age": 25,
                     *       "appearance": "shoulder-length auburn hair, freckles, green eyes, a linen shirt",
                     *       "created_at": "2026-11-22T14:00:00Z",
                     *       "gender": "woman",
                     *       "id": "0193e7f2-5b1c-7d2a-9c7e-1f2a3b4c5d6e",
                     *       "name": "Ava",
                     *       "nationality": "Portuguese",
                     *       "personality": "caring",
                     *       "reference_history": [
                     *         {
                     *           "approved": true,
                     *           "image_url": "/photos/0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f/image?variant=full&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *           "photo_id": "0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f",
                     *           "thumbnail_url": "/photos/0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f/image?variant=thumbnail&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
                     *         }
                     *       ],
                     *       "reference_image": {
                     *         "image_url": "/photos/0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f/image?variant=full&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *         "photo_id": "0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f",
                     *         "status": "approved",
                     *         "thumbnail_url": "/photos/0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f/image?variant=thumbnail&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
                     *       },
                     *       "updated_at": "2026-11-22T14:01:30Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Avatar"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. `invalid-json`: The body is not JSON. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `avatar-not-found`: There is no avatar yet. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-in-use`: A request with this key is still running. `reference-not-ready`: That is no delivered reference picture. */
            409: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `precondition-failed`: The resource has changed. */
            412: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: The body must be JSON. */
            415: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: This key was used for another request. `invalid-body`: Fields of the body are not valid. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancel_subscription: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The `ETag` that the resource must still have, or several with commas between, of which it must have one; otherwise 412. A weak one matches nothing; `*` matches whatever is there.
                 * @example "3"
                 */
                "If-Match"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "survey": {
                 *         "comment": "I have no time for it at the moment.",
                 *         "reason": "unused"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["Cancellation"];
            };
        };
        responses: {
            /** @description The subscription, which ends with its period. */
            200: {
                headers: {
                    /** @description The subscription's version. */
                    ETag?: string;
                    /** @description The position in the event log that the command reached. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "cancel_at_period_end": true,
                     *       "current_period_end": "2026-12-22T14:05:00Z",
                     *       "open": true,
                     *       "plan": "monthly",
                     *       "reason": null,
                     *       "status": "active",
                     *       "usage": {
                     *         "photos_limit": 60,
                     *         "photos_used": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. `invalid-json`: The body is not JSON. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-in-use`: A request with this key is still running. `no-subscription`: There is no subscription to change. */
            409: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `precondition-failed`: The resource has changed. */
            412: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: The body must be JSON. */
            415: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: This key was used for another request. `invalid-body`: Fields of the body are not valid. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payment-provider-failed`: The payment provider refused. */
            502: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. `read-model-behind`: The answer is not ready yet. `payment-unavailable`: The payment provider is away. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    start_checkout: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "plan": "monthly"
                 *     }
                 */
                "application/json": components["schemas"]["NewCheckout"];
            };
        };
        responses: {
            /** @description The page. */
            201: {
                headers: {
                    /** @description The position in the event log that the command reached. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "checkout_url": "https://checkout.stripe.com/c/pay/cs_test_a1b2c3",
                     *       "session_id": "cs_test_a1b2c3"
                     *     }
                     */
                    "application/json": components["schemas"]["Checkout"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. `invalid-json`: The body is not JSON. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-in-use`: A request with this key is still running. `subscription-active`: There is an open subscription already. */
            409: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: The body must be JSON. */
            415: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: This key was used for another request. `invalid-body`: Fields of the body are not valid. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payment-provider-failed`: The payment provider refused. */
            502: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. `read-model-behind`: The answer is not ready yet. `payment-unavailable`: The payment provider is away. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_invoices: {
        parameters: {
            query?: {
                /** @description How many, 1 to 100; 20 when it is left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: {
                /**
                 * @description `Log-Position` of an earlier command: the answer has seen it.
                 * @example 42
                 */
                "Await-Log-Position"?: number;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of invoices. */
            200: {
                headers: {
                    /** @description `<…>; rel="next"`: the next page, when there is one. */
                    Link?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "amount_due": 1490,
                     *           "amount_paid": 1490,
                     *           "created_at": "2026-11-22T14:05:00Z",
                     *           "currency": "eur",
                     *           "id": "in_a1b2c3",
                     *           "number": "AVA-0001",
                     *           "page_url": "https://invoice.stripe.com/i/a1b2c3",
                     *           "pdf_url": "https://pay.stripe.com/invoice/a1b2c3/pdf",
                     *           "period_end": "2026-12-22T14:05:00Z",
                     *           "period_start": "2026-11-22T14:05:00Z",
                     *           "status": "paid"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["InvoicePage"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payment-provider-failed`: The payment provider refused. */
            502: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `read-model-behind`: The answer is not ready yet. `payment-unavailable`: The payment provider is away. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_plans: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What can be subscribed to. */
            200: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "monthly",
                     *           "name": "Monthly",
                     *           "photos_per_period": 60,
                     *           "price": {
                     *             "amount": 1490,
                     *             "currency": "eur",
                     *             "interval": "month"
                     *           },
                     *           "trial_days": 0
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["PlanList"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    open_portal: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The way in. */
            201: {
                headers: {
                    /** @description How far the subscription's history reaches; the request itself changes nothing. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "portal_url": "https://billing.stripe.com/p/session/test_a1b2c3"
                     *     }
                     */
                    "application/json": components["schemas"]["Portal"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `customer-not-found`: There is nothing to manage yet. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payment-provider-failed`: The payment provider refused. */
            502: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `payment-unavailable`: The payment provider is away. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resume_subscription: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The `ETag` that the resource must still have, or several with commas between, of which it must have one; otherwise 412. A weak one matches nothing; `*` matches whatever is there.
                 * @example "3"
                 */
                "If-Match"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The subscription, which goes on. */
            200: {
                headers: {
                    /** @description The subscription's version. */
                    ETag?: string;
                    /** @description The position in the event log that the command reached. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "cancel_at_period_end": false,
                     *       "current_period_end": "2026-12-22T14:05:00Z",
                     *       "open": true,
                     *       "plan": "monthly",
                     *       "reason": null,
                     *       "status": "active",
                     *       "usage": {
                     *         "photos_limit": 60,
                     *         "photos_used": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-in-use`: A request with this key is still running. `no-subscription`: There is no subscription to change. */
            409: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `precondition-failed`: The resource has changed. */
            412: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: This key was used for another request. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payment-provider-failed`: The payment provider refused. */
            502: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. `read-model-behind`: The answer is not ready yet. `payment-unavailable`: The payment provider is away. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_subscription: {
        parameters: {
            query?: {
                /** @description As it was after the event at this position. */
                as_of_position?: number;
                /** @description As it was after the last event that was recorded at this time or before. */
                as_of?: string;
            };
            header?: {
                /**
                 * @description `Log-Position` of an earlier command: the answer has seen it.
                 * @example 42
                 */
                "Await-Log-Position"?: number;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The subscription. */
            200: {
                headers: {
                    /** @description The subscription's version. */
                    ETag?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "cancel_at_period_end": false,
                     *       "current_period_end": "2026-12-22T14:05:00Z",
                     *       "open": true,
                     *       "plan": "monthly",
                     *       "reason": null,
                     *       "status": "active",
                     *       "usage": {
                     *         "photos_limit": 60,
                     *         "photos_used": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sync_subscription: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The subscription, as the provider says it stands. */
            200: {
                headers: {
                    /** @description The subscription's version. */
                    ETag?: string;
                    /** @description How far the subscription's history reaches. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "cancel_at_period_end": false,
                     *       "current_period_end": "2026-12-22T14:05:00Z",
                     *       "open": true,
                     *       "plan": "monthly",
                     *       "reason": null,
                     *       "status": "active",
                     *       "usage": {
                     *         "photos_limit": 60,
                     *         "photos_used": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payment-provider-failed`: The payment provider refused. */
            502: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `read-model-behind`: The answer is not ready yet. `payment-unavailable`: The payment provider is away. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    receive_payment_message: {
        parameters: {
            query?: never;
            header: {
                /** @description `t=<seconds>,v1=<hex>`, over the time and the raw body. */
                "Stripe-Signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "created": 1795356300,
                 *       "data": {
                 *         "object": {
                 *           "id": "in_1",
                 *           "object": "invoice"
                 *         }
                 *       },
                 *       "id": "evt_1",
                 *       "object": "event",
                 *       "type": "invoice.paid"
                 *     }
                 */
                "application/json": components["schemas"]["PaymentMessage"];
            };
        };
        responses: {
            /** @description It is kept. */
            200: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "received": true
                     *     }
                     */
                    "application/json": components["schemas"]["Received"];
                };
            };
            /** @description `invalid-signature`: The signature is not valid. `invalid-json`: The body is not JSON. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_chat: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description `Log-Position` of an earlier command: the answer has seen it.
                 * @example 42
                 */
                "Await-Log-Position"?: number;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The chat. */
            200: {
                headers: {
                    /** @description The version of the mode, for `If-Match`. */
                    ETag?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "disclosure": {
                     *         "badge": "AI companion: not a human being",
                     *         "text": "Hello, I'm Ava. I'm an AI companion, not a human being: I'm made up, and so are my pictures. What would you like to talk about?"
                     *       },
                     *       "mode": "friendly",
                     *       "unanswered": []
                     *     }
                     */
                    "application/json": components["schemas"]["Chat"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `subscription-required`: A subscription is needed. `payment-incomplete`: The first payment is not complete. `payment-past-due`: The payment is overdue. `subscription-unpaid`: The subscription is unpaid. `subscription-paused`: The subscription is paused. */
            402: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_chat: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The `ETag` that the resource must still have, or several with commas between, of which it must have one; otherwise 412. A weak one matches nothing; `*` matches whatever is there.
                 * @example "3"
                 */
                "If-Match"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "mode": "intimate"
                 *     }
                 */
                "application/json": components["schemas"]["ChatChanges"];
            };
        };
        responses: {
            /** @description The chat as it is now. */
            200: {
                headers: {
                    /** @description The version of the mode. */
                    ETag?: string;
                    /** @description The position in the event log that the command reached; 0 for somebody who stays in the first mode. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "disclosure": {
                     *         "badge": "AI companion: not a human being",
                     *         "text": "Hello, I'm Ava. I'm an AI companion, not a human being: I'm made up, and so are my pictures. What would you like to talk about?"
                     *       },
                     *       "mode": "intimate",
                     *       "unanswered": []
                     *     }
                     */
                    "application/json": components["schemas"]["Chat"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. `invalid-json`: The body is not JSON. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `subscription-required`: A subscription is needed. `payment-incomplete`: The first payment is not complete. `payment-past-due`: The payment is overdue. `subscription-unpaid`: The subscription is unpaid. `subscription-paused`: The subscription is paused. */
            402: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-in-use`: A request with this key is still running. */
            409: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `precondition-failed`: The resource has changed. */
            412: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: The body must be JSON. */
            415: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: This key was used for another request. `invalid-body`: Fields of the body are not valid. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_messages: {
        parameters: {
            query?: {
                /** @description Only messages of that mode. */
                mode?: components["schemas"]["ChatMode"];
                /** @description How many, 1 to 100; 20 when it is left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: {
                /**
                 * @description `Log-Position` of an earlier command: the answer has seen it.
                 * @example 42
                 */
                "Await-Log-Position"?: number;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of messages. */
            200: {
                headers: {
                    /** @description `<…>; rel="next"`: the next page, when there is one. */
                    Link?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "created_at": "2026-11-22T14:10:00Z",
                     *           "id": "5b1f6a0e-6c0d-5d0c-9a4e-3f2e1d0c9b8a",
                     *           "in_reply_to": "0193e7f9-2b10-7c4f-8e21-5d6c7b8a9f01",
                     *           "mode": "intimate",
                     *           "photo": {
                     *             "attempts": 1,
                     *             "delivered_at": "2026-11-22T14:10:07Z",
                     *             "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *             "image": {
                     *               "bytes": 184320,
                     *               "height": 1024,
                     *               "media_type": "image/jpeg",
                     *               "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *               "thumbnail_url": "/photos/0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a/image?variant=thumbnail&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *               "url": "/photos/0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a/image?variant=full&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *               "width": 1024
                     *             },
                     *             "purpose": "scene",
                     *             "requested_at": "2026-11-22T14:10:00Z",
                     *             "scene": "at the beach",
                     *             "status": "delivered"
                     *           },
                     *           "role": "avatar",
                     *           "text": "Of course. One moment, I'll find a nice spot."
                     *         },
                     *         {
                     *           "created_at": "2026-11-22T14:09:58Z",
                     *           "id": "0193e7f9-2b10-7c4f-8e21-5d6c7b8a9f01",
                     *           "mode": "intimate",
                     *           "role": "user",
                     *           "text": "Send me a photo of you at the beach"
                     *         },
                     *         {
                     *           "created_at": "2026-11-22T14:09:58Z",
                     *           "id": "0193e7f9-2b0f-7a31-9d52-1c2b3a4f5e60",
                     *           "kind": "disclosure",
                     *           "mode": "intimate",
                     *           "role": "system",
                     *           "text": "Hello, I'm Ava. I'm an AI companion, not a human being: I'm made up, and so are my pictures. What would you like to talk about?"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["MessagePage"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `subscription-required`: A subscription is needed. `payment-incomplete`: The first payment is not complete. `payment-past-due`: The payment is overdue. `subscription-unpaid`: The subscription is unpaid. `subscription-paused`: The subscription is paused. */
            402: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    send_message: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "text": "Send me a photo of you at the beach"
                 *     }
                 */
                "application/json": components["schemas"]["NewMessage"];
            };
        };
        responses: {
            /** @description The message; `/updates` tells the reply. */
            202: {
                headers: {
                    /** @description The position in the event log that the command reached. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "created_at": "2026-11-22T14:09:58Z",
                     *       "id": "0193e7f9-2b10-7c4f-8e21-5d6c7b8a9f01",
                     *       "mode": "intimate",
                     *       "role": "user",
                     *       "text": "Send me a photo of you at the beach"
                     *     }
                     */
                    "application/json": components["schemas"]["Message"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. `invalid-json`: The body is not JSON. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `subscription-required`: A subscription is needed. `payment-incomplete`: The first payment is not complete. `payment-past-due`: The payment is overdue. `subscription-unpaid`: The subscription is unpaid. `subscription-paused`: The subscription is paused. */
            402: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-in-use`: A request with this key is still running. `avatar-not-ready`: The avatar has no approved reference picture. */
            409: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: The body must be JSON. */
            415: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: This key was used for another request. `invalid-body`: Fields of the body are not valid. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `content-cool-down`: Too much had to be refused. `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    issue_token: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "mara@example.com"
                 *     }
                 */
                "application/json": components["schemas"]["SignIn"];
            };
        };
        responses: {
            /** @description A token. */
            200: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIwMTkzIn0.c2lnbmF0dXJl",
                     *       "expires_in": 86400,
                     *       "token_type": "Bearer",
                     *       "user": {
                     *         "email": "mara@example.com",
                     *         "id": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d",
                     *         "roles": []
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Token"];
                };
            };
            /** @description `invalid-json`: The body is not JSON. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: There is nothing here. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: The body must be JSON. */
            415: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid-body`: Fields of the body are not valid. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It lives. */
            200: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    erase_me: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Erased. */
            204: {
                headers: {
                    /** @description The position in the event log that the command reached. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    export_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The data. */
            200: {
                headers: {
                    /** @description `attachment`, with a file name. */
                    "Content-Disposition"?: string;
                    /** @description The position in the event log up to which everything is in it. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "avatar": {
                     *         "age": 25,
                     *         "appearance": "shoulder-length auburn hair, freckles, green eyes, a linen shirt",
                     *         "created_at": "2026-11-22T14:00:00Z",
                     *         "gender": "woman",
                     *         "id": "0193e7f2-5b1c-7d2a-9c7e-1f2a3b4c5d6e",
                     *         "name": "Ava",
                     *         "nationality": "Portuguese",
                     *         "personality": "caring",
                     *         "reference_history": [
                     *           {
                     *             "approved": true,
                     *             "image_url": "/photos/0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f/image?variant=full&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *             "photo_id": "0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f",
                     *             "thumbnail_url": "/photos/0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f/image?variant=thumbnail&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
                     *           }
                     *         ],
                     *         "reference_image": {
                     *           "image_url": "/photos/0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f/image?variant=full&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *           "photo_id": "0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f",
                     *           "status": "approved",
                     *           "thumbnail_url": "/photos/0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f/image?variant=thumbnail&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
                     *         },
                     *         "updated_at": "2026-11-22T14:01:30Z"
                     *       },
                     *       "chat": {
                     *         "mode": "friendly"
                     *       },
                     *       "events": [
                     *         {
                     *           "aggregate_id": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d",
                     *           "aggregate_type": "Avatar",
                     *           "event_type": "AvatarCreated",
                     *           "event_version": "1",
                     *           "metadata": {
                     *             "actor": "user:0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d",
                     *             "command": "CreateAvatar",
                     *             "owner": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d"
                     *           },
                     *           "payload": {
                     *             "age": 25,
                     *             "avatar_id": "0193e7f2-5b1c-7d2a-9c7e-1f2a3b4c5d6e",
                     *             "name": {
                     *               "personal": "Ava"
                     *             },
                     *             "owner": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d",
                     *             "type": "AvatarCreated"
                     *           },
                     *           "position": 1,
                     *           "recorded_at": "2026-11-22T14:00:00Z",
                     *           "sequence": 1
                     *         }
                     *       ],
                     *       "exported_at": "2026-11-22T15:00:00Z",
                     *       "invoices": [
                     *         {
                     *           "amount_due": 1490,
                     *           "amount_paid": 1490,
                     *           "created_at": "2026-11-22T14:05:00Z",
                     *           "currency": "eur",
                     *           "id": "in_a1b2c3",
                     *           "number": "AVA-0001",
                     *           "page_url": "https://invoice.stripe.com/i/a1b2c3",
                     *           "pdf_url": "https://pay.stripe.com/invoice/a1b2c3/pdf",
                     *           "period_end": "2026-12-22T14:05:00Z",
                     *           "period_start": "2026-11-22T14:05:00Z",
                     *           "status": "paid"
                     *         }
                     *       ],
                     *       "log_position": 42,
                     *       "messages": [
                     *         {
                     *           "created_at": "2026-11-22T14:09:58Z",
                     *           "id": "0193e7f9-2b10-7c4f-8e21-5d6c7b8a9f01",
                     *           "mode": "intimate",
                     *           "role": "user",
                     *           "text": "Send me a photo of you at the beach"
                     *         },
                     *         {
                     *           "created_at": "2026-11-22T14:10:00Z",
                     *           "id": "5b1f6a0e-6c0d-5d0c-9a4e-3f2e1d0c9b8a",
                     *           "in_reply_to": "0193e7f9-2b10-7c4f-8e21-5d6c7b8a9f01",
                     *           "mode": "intimate",
                     *           "photo": {
                     *             "attempts": 1,
                     *             "delivered_at": "2026-11-22T14:10:07Z",
                     *             "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *             "image": {
                     *               "bytes": 184320,
                     *               "height": 1024,
                     *               "media_type": "image/jpeg",
                     *               "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *               "thumbnail_url": "/photos/0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a/image?variant=thumbnail&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *               "url": "/photos/0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a/image?variant=full&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *               "width": 1024
                     *             },
                     *             "purpose": "scene",
                     *             "requested_at": "2026-11-22T14:10:00Z",
                     *             "scene": "at the beach",
                     *             "status": "delivered"
                     *           },
                     *           "role": "avatar",
                     *           "text": "Of course. One moment, I'll find a nice spot."
                     *         }
                     *       ],
                     *       "person": {
                     *         "email": "mara@example.com",
                     *         "id": "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d"
                     *       },
                     *       "photos": [
                     *         {
                     *           "attempts": 1,
                     *           "delivered_at": "2026-11-22T14:10:07Z",
                     *           "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *           "image": {
                     *             "bytes": 184320,
                     *             "height": 1024,
                     *             "media_type": "image/jpeg",
                     *             "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *             "thumbnail_url": "/photos/0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a/image?variant=thumbnail&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *             "url": "/photos/0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a/image?variant=full&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *             "width": 1024
                     *           },
                     *           "purpose": "scene",
                     *           "requested_at": "2026-11-22T14:10:00Z",
                     *           "scene": "reading a letter on a balcony in Lisbon, late light",
                     *           "status": "delivered"
                     *         }
                     *       ],
                     *       "refusals": {
                     *         "all": 0,
                     *         "hard": 0
                     *       },
                     *       "reports": [
                     *         {
                     *           "decided_at": null,
                     *           "decision": null,
                     *           "due_at": "2026-11-23T15:00:00Z",
                     *           "filed_at": "2026-11-22T15:00:00Z",
                     *           "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *           "reason": "real-person",
                     *           "status": "open",
                     *           "subject": {
                     *             "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *             "kind": "photo"
                     *           },
                     *           "text": "She looks like somebody I know."
                     *         }
                     *       ],
                     *       "subscription": {
                     *         "cancel_at_period_end": false,
                     *         "current_period_end": "2026-12-22T14:05:00Z",
                     *         "open": true,
                     *         "plan": "monthly",
                     *         "reason": null,
                     *         "status": "active",
                     *         "usage": {
                     *           "photos_limit": 60,
                     *           "photos_used": 1
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PersonalData"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_openapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The document. */
            200: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "info": {
                     *         "title": "Ava"
                     *       },
                     *       "openapi": "3.1.0"
                     *     }
                     */
                    "application/json": unknown;
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_photos: {
        parameters: {
            query?: {
                /** @description Only photos that stand so. */
                status?: components["schemas"]["PhotoStatus"];
                /** @description Only photos for that purpose. */
                purpose?: components["schemas"]["Purpose"];
                /** @description How many, 1 to 100; 20 when it is left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description As it was after the event at this position. */
                as_of_position?: number;
                /** @description As it was after the last event that was recorded at this time or before. */
                as_of?: string;
            };
            header?: {
                /**
                 * @description `Log-Position` of an earlier command: the answer has seen it.
                 * @example 42
                 */
                "Await-Log-Position"?: number;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of photos. */
            200: {
                headers: {
                    /** @description `<…>; rel="next"`: the next page, when there is one. */
                    Link?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "attempts": 1,
                     *           "delivered_at": "2026-11-22T14:10:07Z",
                     *           "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *           "image": {
                     *             "bytes": 184320,
                     *             "height": 1024,
                     *             "media_type": "image/jpeg",
                     *             "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *             "thumbnail_url": "/photos/0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a/image?variant=thumbnail&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *             "url": "/photos/0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a/image?variant=full&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *             "width": 1024
                     *           },
                     *           "purpose": "scene",
                     *           "requested_at": "2026-11-22T14:10:00Z",
                     *           "scene": "reading a letter on a balcony in Lisbon, late light",
                     *           "status": "delivered"
                     *         }
                     *       ],
                     *       "next_cursor": "MSAxNzk1MzU2NjAwMDAwMDAwIDAxOTNlN2Y5"
                     *     }
                     */
                    "application/json": components["schemas"]["PhotoPage"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `subscription-required`: A subscription is needed. `payment-incomplete`: The first payment is not complete. `payment-past-due`: The payment is overdue. `subscription-unpaid`: The subscription is unpaid. `subscription-paused`: The subscription is paused. */
            402: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    request_photo: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "scene": "reading a letter on a balcony in Lisbon, late light"
                 *     }
                 */
                "application/json": components["schemas"]["NewPhoto"];
            };
        };
        responses: {
            /** @description The picture is being made; `/updates` tells when it is there. */
            202: {
                headers: {
                    /** @description The photo's version. */
                    ETag?: string;
                    /** @description Where the photo is: `/photos/{photo_id}`. */
                    Location?: string;
                    /** @description The position in the event log that the command reached. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "attempts": 0,
                     *       "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *       "purpose": "scene",
                     *       "requested_at": "2026-11-22T14:10:00Z",
                     *       "scene": "reading a letter on a balcony in Lisbon, late light",
                     *       "status": "requested"
                     *     }
                     */
                    "application/json": components["schemas"]["Photo"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. `invalid-json`: The body is not JSON. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `subscription-required`: A subscription is needed. `payment-incomplete`: The first payment is not complete. `payment-past-due`: The payment is overdue. `subscription-unpaid`: The subscription is unpaid. `subscription-paused`: The subscription is paused. `photo-quota-exhausted`: All pictures of this period are used. */
            402: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-in-use`: A request with this key is still running. `avatar-not-ready`: The avatar has no approved reference picture. */
            409: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: The body must be JSON. */
            415: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: This key was used for another request. `invalid-body`: Fields of the body are not valid. `content-refused`: The content is against the rules. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `content-cool-down`: Too much had to be refused. `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_photo: {
        parameters: {
            query?: {
                /** @description As it was after the event at this position. */
                as_of_position?: number;
                /** @description As it was after the last event that was recorded at this time or before. */
                as_of?: string;
            };
            header?: {
                /**
                 * @description `Log-Position` of an earlier command: the answer has seen it.
                 * @example 42
                 */
                "Await-Log-Position"?: number;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path: {
                /** @description The photo's id. */
                photo_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The photo. */
            200: {
                headers: {
                    /** @description The photo's version, for `If-Match`. */
                    ETag?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "attempts": 1,
                     *       "delivered_at": "2026-11-22T14:10:07Z",
                     *       "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *       "image": {
                     *         "bytes": 184320,
                     *         "height": 1024,
                     *         "media_type": "image/jpeg",
                     *         "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *         "thumbnail_url": "/photos/0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a/image?variant=thumbnail&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *         "url": "/photos/0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a/image?variant=full&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *         "width": 1024
                     *       },
                     *       "purpose": "scene",
                     *       "requested_at": "2026-11-22T14:10:00Z",
                     *       "scene": "reading a letter on a balcony in Lisbon, late light",
                     *       "status": "delivered"
                     *     }
                     */
                    "application/json": components["schemas"]["Photo"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `subscription-required`: A subscription is needed. `payment-incomplete`: The first payment is not complete. `payment-past-due`: The payment is overdue. `subscription-unpaid`: The subscription is unpaid. `subscription-paused`: The subscription is paused. */
            402: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `photo-not-found`: There is no such photo. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_photo: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The `ETag` that the resource must still have, or several with commas between, of which it must have one; otherwise 412. A weak one matches nothing; `*` matches whatever is there.
                 * @example "3"
                 */
                "If-Match"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path: {
                /** @description The photo's id. */
                photo_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    /** @description The position in the event log that the command reached. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `photo-not-found`: There is no such photo. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-in-use`: A request with this key is still running. `photo-still-running`: The photo is still being made. */
            409: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `precondition-failed`: The resource has changed. */
            412: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: This key was used for another request. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancel_photo: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The `ETag` that the resource must still have, or several with commas between, of which it must have one; otherwise 412. A weak one matches nothing; `*` matches whatever is there.
                 * @example "3"
                 */
                "If-Match"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path: {
                /** @description The photo's id. */
                photo_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The canceled photo. */
            200: {
                headers: {
                    /** @description The photo's version. */
                    ETag?: string;
                    /** @description The position in the event log that the command reached. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "attempts": 0,
                     *       "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *       "purpose": "scene",
                     *       "requested_at": "2026-11-22T14:10:00Z",
                     *       "scene": "reading a letter on a balcony in Lisbon, late light",
                     *       "status": "canceled"
                     *     }
                     */
                    "application/json": components["schemas"]["Photo"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `photo-not-found`: There is no such photo. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-in-use`: A request with this key is still running. `photo-already-delivered`: The photo is already delivered. `photo-already-failed`: The photo has already failed. `photo-already-refused`: The photo was refused. */
            409: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `precondition-failed`: The resource has changed. */
            412: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: This key was used for another request. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_image: {
        parameters: {
            query: {
                /** @description `full`, or `thumbnail`: at most 320 pixels a side. */
                variant?: string;
                /** @description Until when the address is good, in seconds since 1970. */
                expires: number;
                /** @description The service's signature over all of it. */
                signature: string;
            };
            header?: {
                /** @description As `bytes=0-1023`. */
                Range?: string;
                /** @description The `ETag` that the range is of; otherwise the whole picture comes. */
                "If-Range"?: string;
                /** @description The `ETag` of the bytes that the client has. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description The photo's id. */
                photo_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The picture. */
            200: {
                headers: {
                    /** @description `bytes` */
                    "Accept-Ranges"?: string;
                    /** @description SHA-256 of the picture's bytes, in hex; for the thumbnail followed by `-thumbnail`. */
                    ETag?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": number[];
                    "image/png": number[];
                    "image/webp": number[];
                };
            };
            /** @description The range. */
            206: {
                headers: {
                    /** @description As `bytes 0-1023/184320`. */
                    "Content-Range"?: string;
                    /** @description As for the whole picture. */
                    ETag?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": number[];
                    "image/png": number[];
                    "image/webp": number[];
                };
            };
            /** @description The picture is in an object store that signs addresses: `Location` is one, good as long as this one. */
            302: {
                headers: {
                    /** @description An absolute address at which the store answers with the picture, in ranges too. */
                    Location?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The client has these bytes. */
            304: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `image-url-expired`: The picture's address has expired. `image-url-invalid`: The picture's address is not valid. */
            403: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `photo-not-found`: There is no such photo. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `range-not-satisfiable`: The range lies outside the picture. */
            416: {
                headers: {
                    /** @description The picture's size, as `bytes *\/184320`. */
                    "Content-Range"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    problems_page: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The list. */
            200: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /** @example <!doctype html>… */
                    "text/html": string;
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    problem_page: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The problem's `code`.
                 * @example avatar-exists
                 */
                code: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page. */
            200: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /** @example <!doctype html>… */
                    "text/html": string;
                };
            };
            /** @description `not-found`: There is nothing here. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    check_provenance: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The picture's bytes: at most 20 MiB, 8192 pixels a side and 40 million pixels. */
        requestBody: {
            content: {
                "image/jpeg": components["schemas"]["PictureBytes"];
                "image/png": components["schemas"]["PictureBytes"];
                "image/webp": components["schemas"]["PictureBytes"];
            };
        };
        responses: {
            /** @description What speaks for it. */
            200: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Provenance"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `picture-too-large`: The picture's file is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-picture`: The body must be a picture. */
            415: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `picture-unusable`: The picture cannot be looked at. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `too-many-checks`: Too many pictures are being looked at. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It can. */
            200: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description It cannot. */
            503: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "checks": {
                     *         "postgres": "down",
                     *         "projections": "down",
                     *         "redis": "disabled",
                     *         "replica": "disabled",
                     *         "storage": "ok"
                     *       },
                     *       "status": "unavailable"
                     *     }
                     */
                    "application/json": components["schemas"]["Readiness"];
                };
            };
        };
    };
    list_reports: {
        parameters: {
            query?: {
                /** @description How many, 1 to 100; 20 when it is left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: {
                /**
                 * @description `Log-Position` of an earlier command: the answer has seen it.
                 * @example 42
                 */
                "Await-Log-Position"?: number;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of reports. */
            200: {
                headers: {
                    /** @description `<…>; rel="next"`: the next page, when there is one. */
                    Link?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "decided_at": null,
                     *           "decision": null,
                     *           "due_at": "2026-11-23T15:00:00Z",
                     *           "filed_at": "2026-11-22T15:00:00Z",
                     *           "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *           "reason": "real-person",
                     *           "status": "open",
                     *           "subject": {
                     *             "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *             "kind": "photo"
                     *           },
                     *           "text": "She looks like somebody I know."
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["ReportPage"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    file_report: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the command execute once: the same key and body give the same answer for 7 days.
                 * @example 3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "real-person",
                 *       "subject": {
                 *         "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                 *         "kind": "photo"
                 *       },
                 *       "text": "She looks like somebody I know."
                 *     }
                 */
                "application/json": components["schemas"]["NewReport"];
            };
        };
        responses: {
            /** @description It is reported. */
            201: {
                headers: {
                    /** @description The report's version. */
                    ETag?: string;
                    /** @description Where the report is: `/reports/{report_id}`. */
                    Location?: string;
                    /** @description The position in the event log that the command reached. */
                    "Log-Position"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "decided_at": null,
                     *       "decision": null,
                     *       "due_at": "2026-11-23T15:00:00Z",
                     *       "filed_at": "2026-11-22T15:00:00Z",
                     *       "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *       "reason": "real-person",
                     *       "status": "open",
                     *       "subject": {
                     *         "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *         "kind": "photo"
                     *       },
                     *       "text": "She looks like somebody I know."
                     *     }
                     */
                    "application/json": components["schemas"]["Report"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. `invalid-json`: The body is not JSON. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `report-subject-not-found`: There is nothing to report. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-in-use`: A request with this key is still running. `report-already-decided`: The report was decided before. */
            409: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person-erased`: This person was erased. */
            410: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: The body must be JSON. */
            415: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: This key was used for another request. `invalid-body`: Fields of the body are not valid. */
            422: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `busy`: Too many changes at once. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_report: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description `Log-Position` of an earlier command: the answer has seen it.
                 * @example 42
                 */
                "Await-Log-Position"?: number;
                /**
                 * @description The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.
                 * @example 0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a
                 */
                "X-Request-Id"?: string;
                /**
                 * @description W3C Trace Context; the trace's id is kept with the events.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path: {
                /** @description The report's id: the id of what it is about. */
                report_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The report. */
            200: {
                headers: {
                    /** @description The report's version. */
                    ETag?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "decided_at": null,
                     *       "decision": null,
                     *       "due_at": "2026-11-23T15:00:00Z",
                     *       "filed_at": "2026-11-22T15:00:00Z",
                     *       "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *       "reason": "real-person",
                     *       "status": "open",
                     *       "subject": {
                     *         "id": "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a",
                     *         "kind": "photo"
                     *       },
                     *       "text": "She looks like somebody I know."
                     *     }
                     */
                    "application/json": components["schemas"]["Report"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `report-not-found`: There is no such report. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. `read-model-behind`: The answer is not ready yet. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    stream_updates: {
        parameters: {
            query?: {
                /** @description The same, for clients that cannot send the header; the header counts first. */
                last_event_id?: number;
            };
            header?: {
                /**
                 * @description The last `id` that was seen.
                 * @example 41
                 */
                "Last-Event-ID"?: number;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The stream. */
            200: {
                headers: {
                    /** @description `no-store` */
                    "Cache-Control"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example retry: 2000
                     *     id: 41
                     *
                     *     id: 42
                     *     event: photo
                     *     data: {"attempts":1,"delivered_at":"2026-11-22T14:10:07Z","id":"0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a","image":{"bytes":184320,"height":1024,"media_type":"image/jpeg","sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","thumbnail_url":"/photos/0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a/image?variant=thumbnail&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","url":"/photos/0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a/image?variant=full&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","width":1024},"purpose":"scene","requested_at":"2026-11-22T14:10:00Z","scene":"reading a letter on a balcony in Lisbon, late light","status":"delivered"}
                     *
                     *     event: message-delta
                     *     data: {"id":"5b1f6a0e-6c0d-5d0c-9a4e-3f2e1d0c9b8a","in_reply_to":"0193e7f9-2b10-7c4f-8e21-5d6c7b8a9f01","mode":"intimate","text":"Of course. One"}
                     *
                     *     id: 43
                     *     event: message
                     *     data: {"created_at":"2026-11-22T14:10:00Z","id":"5b1f6a0e-6c0d-5d0c-9a4e-3f2e1d0c9b8a","in_reply_to":"0193e7f9-2b10-7c4f-8e21-5d6c7b8a9f01","mode":"intimate","photo":{"attempts":1,"delivered_at":"2026-11-22T14:10:07Z","id":"0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a","image":{"bytes":184320,"height":1024,"media_type":"image/jpeg","sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","thumbnail_url":"/photos/0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a/image?variant=thumbnail&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","url":"/photos/0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a/image?variant=full&expires=1795359600&signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","width":1024},"purpose":"scene","requested_at":"2026-11-22T14:10:00Z","scene":"at the beach","status":"delivered"},"role":"avatar","text":"Of course. One moment, I'll find a nice spot."}
                     *
                     *     : still here
                     */
                    "text/event-stream": components["schemas"]["UpdateStream"];
                };
            };
            /** @description `invalid-parameter`: A parameter or header is malformed. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Sign in first. */
            401: {
                headers: {
                    /** @description `Bearer`, with `error="invalid_token"` when a token was sent. */
                    "WWW-Authenticate"?: string;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-streams`: Too many streams are open. `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description What is left, as `"commands";r=0;t=1`: units, and seconds until one more. */
                    RateLimit?: string;
                    /** @description What is granted, as `"commands";q=600;w=60`: units and seconds. */
                    "RateLimit-Policy"?: string;
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    receive_prediction_message: {
        parameters: {
            query?: never;
            header: {
                /** @description Unique; the same for every delivery of one message. */
                "webhook-id": string;
                /** @description When it was sent, in seconds since 1970; at most five minutes from now. */
                "webhook-timestamp": string;
                /** @description `v1,<base64>`, over the id, the time and the raw body; several with spaces between. */
                "webhook-signature": string;
            };
            path: {
                /** @description The picture that the prediction is for. */
                photo_id: string;
                /** @description The attempt, from 1. */
                attempt: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "gm3qorzdhgbfurvjtvhg6dckhu",
                 *       "status": "succeeded"
                 *     }
                 */
                "application/json": components["schemas"]["PredictionMessage"];
            };
        };
        responses: {
            /** @description It is kept. */
            200: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "received": true
                     *     }
                     */
                    "application/json": components["schemas"]["MessageKept"];
                };
            };
            /** @description `invalid-signature`: The signature is not valid. `invalid-json`: The body is not JSON. */
            400: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: There is nothing here. */
            404: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `request-timeout`: The body took too long. */
            408: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is too large. */
            413: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal-error`: Something went wrong here. */
            500: {
                headers: {
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: Try again in a moment. */
            503: {
                headers: {
                    /** @description After how many seconds it is sensible to try again. */
                    "Retry-After"?: number;
                    /** @description The request's id. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
