package web

import (
	"net/http"

	"github.com/moodring/moodring/modelserver/internal/model"
	"github.com/moodring/moodring/modelserver/internal/problem"
	v2 "github.com/moodring/moodring/modelserver/internal/v2"
)

// serveV2 serves /v2 and the paths below it.
func (s *server) serveV2(w http.ResponseWriter, r *http.Request, segments []string) {
	switch {
	case len(segments) == 0:
		s.get(w, r, map[string]any{"name": "moodring-modelserver", "version": s.Version, "extensions": v2.Extensions}, nil)
	case len(segments) == 2 && segments[0] == "health" && segments[1] == "live":
		s.get(w, r, map[string]bool{"live": true}, nil)
	case len(segments) == 2 && segments[0] == "health" && segments[1] == "ready":
		s.get(w, r, map[string]bool{"ready": true}, s.checkReady())
	case len(segments) == 1 && segments[0] == "models":
		s.get(w, r, map[string][]string{"models": s.Models.Names()}, nil)
	case len(segments) >= 2 && segments[0] == "models":
		s.serveModelV2(w, r, segments[1], segments[2:])
	default:
		s.fail(w, errNoPath)
	}
}

// serveModelV2 serves the paths under /v2/models/NAME.
func (s *server) serveModelV2(w http.ResponseWriter, r *http.Request, name string, segments []string) {
	version := ""
	if len(segments) >= 2 && segments[0] == "versions" {
		version, segments = segments[1], segments[2:]
		if version != v2.Version {
			s.fail(w, problem.New(problem.NotFound, "the model has one version, %s", v2.Version))
			return
		}
	}
	switch {
	case len(segments) == 0:
		s.describe(w, r, name)
	case len(segments) == 1 && segments[0] == "ready":
		s.get(w, r, map[string]any{"name": name, "ready": true}, s.Models.Check(name))
	case len(segments) == 1 && segments[0] == "infer":
		s.predict(w, r, call{"v2", name, func(w http.ResponseWriter, r *http.Request, m *model.Model, body []byte) (reply, error) {
			return infer(w, r, m, version, body)
		}})
	default:
		s.fail(w, errNoPath)
	}
}

func (s *server) describe(w http.ResponseWriter, r *http.Request, name string) {
	m, release, err := s.Models.Acquire(name)
	if err != nil {
		s.get(w, r, nil, err)
		return
	}
	defer release()
	s.get(w, r, v2.Describe(m), nil)
}

func infer(w http.ResponseWriter, r *http.Request, m *model.Model, version string, body []byte) (reply, error) {
	request, err := v2.Decode(body, r.Header.Get(v2.HeaderLength))
	if err != nil {
		return reply{}, problem.Refuse(err)
	}
	answer, err := ask(w, r, m, request.Texts)
	if err != nil {
		return reply{}, err
	}
	out, headerLength, err := request.Reply(m.Name, version, answer)
	return reply{out, headerLength}, err
}
