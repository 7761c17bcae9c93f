package peers

import (
	"context"
	"regexp"

	"github.com/moodring/moodring/deploy/local/internal/load"
)

// personal is the callers' text that leaves the gateway and the model server's pod.
type personal struct {
	BytesPerReply float64 // of replies
	IsLabelShown  bool    // a label that is a caller's text is in the counts
}

// text finds load.Text, also with each other byte replaced as Envoy does.
var text = regexp.MustCompile(regexp.MustCompile(`[^A-Za-z0-9]`).ReplaceAllString(load.Text, "."))

// measurePersonal reads the data that the gateway, or the logger, has given to others.
func (r *rig) measurePersonal(ctx context.Context) (p personal, err error) {
	if r.logger != nil {
		received, err := r.received(ctx)
		if err != nil {
			return p, err
		}
		p.BytesPerReply = float64(received.ReplyBytes) / float64(received.Events)
	} else {
		shown, err := get(ctx, r.page.url())
		if err != nil {
			return p, err
		}
		for _, found := range text.FindAll(shown, -1) {
			p.BytesPerReply += float64(len(found)) / float64(r.replies())
		}
	}
	if err := r.traffic.SendOnce(ctx, load.Text); err != nil {
		return p, err
	}
	if _, err := r.settle(ctx, nil); err != nil {
		return p, err
	}
	shown, err := get(ctx, r.page.url())
	p.IsLabelShown = text.Match(shown)
	return p, err
}
